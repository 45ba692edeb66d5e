/**
 * Holds `npm audit --json` to the list of what was looked at and accepted: `npm audit --omit=dev --json | node dist/deploy/security/audit.js`.
 * Exit 1 for an advisory that is not on the list, for an entry that is past its day, and for an answer that is none: a registry
 * that does not tell is no proof that all is well.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../schemas/root';
import { type Accepted, judge, type NpmAudit } from './advisories';

const LIST = join(projectRoot(__dirname), 'deploy', 'security', 'accepted-advisories.json');

const accepted = JSON.parse(readFileSync(LIST, 'utf8')) as Accepted[];
const found = JSON.parse(readFileSync(0, 'utf8')) as NpmAudit;
const problems = judge(found, accepted, new Date().toISOString().slice(0, 10));
process.stdout.write(problems.map((p) => `${p}\n`).join('') || 'no advisory that was not accepted\n');
process.exitCode = problems.length > 0 ? 1 : 0;
