/** Known holes in what a release is made of, held to the list of what was looked at and accepted (deploy/security). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../local/install/run';
import { type Accepted, auditIn, judge } from '../../security/advisories';
import { type Context } from '../context';
import { EXIT } from '../errors';

export interface AuditOptions {
  /** What `npm audit --omit=dev --json` printed elsewhere. */
  readonly report?: string;
}

/** npm asks once: a registry that is away is told of, not waited for. */
const ARGUMENTS = ['audit', '--omit=dev', '--json', '--fetch-retries=0', '--fetch-timeout=20000'];
const TIMEOUT_MS = 60_000;
const MAX_REPORT_CHARS = 16 * 1024 * 1024;

/** Exit 1 for what is not on the list, 2 when nobody tells: a gate that treats the two alike is right, too. */
export async function audit({ projectRoot, io }: Context, options: AuditOptions): Promise<number> {
  const list = join(projectRoot, 'deploy', 'security', 'accepted-advisories.json');
  const accepted = JSON.parse(readFileSync(list, 'utf8')) as Accepted[];
  const text = options.report === undefined ? await asked(projectRoot) : readFileSync(options.report, 'utf8');
  const verdict = judge(auditIn(text), accepted, new Date().toISOString().slice(0, 10));
  switch (verdict.kind) {
    case 'clean':
      io.out(`audited: no advisory, but ${verdict.accepted} that are accepted\n`);
      return EXIT.ok;
    case 'open':
      io.out(verdict.lines.map((line) => `${line}\n`).join(''));
      io.err('millrace: mend them, or add them to deploy/security/accepted-advisories.json with a reason and a day\n');
      return EXIT.failed;
    case 'unanswered':
      io.err(`millrace: NOT AUDITED: ${verdict.reason}\n`);
      io.err(
        '  ask a registry that serves advisories (npm_config_registry=…), or give --report FILE from where one answers\n',
      );
      return EXIT.usage;
    default:
      return verdict satisfies never;
  }
}

async function asked(cwd: string): Promise<string> {
  const { stdout, stderr } = await run('npm', ARGUMENTS, {
    ...{ cwd, timeout_ms: TIMEOUT_MS, maxOutput_chars: MAX_REPORT_CHARS },
  });
  return stdout.trim() || stderr;
}
