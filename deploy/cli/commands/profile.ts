/** The profile that the platform desires of an agent, over the API: what would change, and to have it so. */
import { readFileSync } from 'node:fs';
import { diffLines, hunks } from '../../../schemas/text-diff';
import { type Current } from '../../../schemas/probe';
import { ApiClient } from '../api-client';
import { apiEndpoint, type Context } from '../context';
import { CliError, EXIT } from '../errors';
import { json, styled } from '../io';

interface Checked {
  readonly valid: boolean;
  readonly agent_id?: string;
  readonly problems: readonly { readonly message: string }[];
}

interface Desired {
  readonly version: number;
  readonly profile: string;
  readonly by: string;
  readonly at: string;
}

interface Plan {
  readonly agent_id: string;
  /** 0: nothing is desired yet. */
  readonly version: number;
  readonly before: string;
  readonly after: string;
}

const AROUND = 3;
const at = (agent: string): string => `/agents/${encodeURIComponent(agent)}/profile`;

/** Exit 0: nothing would change, 2: something would, 1: the profile is not valid. */
export async function plan(context: Context, file: string, o: { json?: boolean }): Promise<number> {
  const planned = await planOf(new ApiClient(apiEndpoint(context)), file);
  const { agent_id, version, before, after } = planned;
  const changed = before !== after;
  if (o.json) context.io.out(json({ agent_id, version, changed }));
  else show(context, planned);
  return changed ? EXIT.usage : EXIT.ok;
}

/** Exit 0 also when nothing is to be done. */
export async function apply(context: Context, file: string, o: { json?: boolean }): Promise<number> {
  const api = new ApiClient(apiEndpoint(context));
  const planned = await planOf(api, file);
  const { agent_id, version, before, after } = planned;
  if (before === after) {
    if (o.json) context.io.out(json({ agent_id, version, changed: false }));
    else context.io.err(`agent ${agent_id} is to work by this already (version ${version})\n`);
    return EXIT.ok;
  }
  if (!o.json) show(context, planned);
  const put = await api.write<{ version: number }>('PUT', at(agent_id), { profile: after, version });
  if (o.json) context.io.out(json({ agent_id, version: put.version, changed: true }));
  else
    context.io.err(
      `version ${put.version} is on its way; what the agent makes of it: millrace profile show ${agent_id}\n`,
    );
  return EXIT.ok;
}

export async function showDesired(
  context: Context,
  agent: string,
  o: { json?: boolean; running?: boolean },
): Promise<number> {
  if (o.running) return showRunning(context, agent, o);
  const desired = await new ApiClient(apiEndpoint(context)).get<Desired>(at(agent));
  if (o.json) context.io.out(json(desired));
  else {
    context.io.err(`version ${desired.version}, ${desired.at}, by ${desired.by}\n`);
    context.io.out(desired.profile);
  }
  return EXIT.ok;
}

/** What the agent itself says it works by. */
async function showRunning(context: Context, agent: string, o: { json?: boolean }): Promise<number> {
  const path = `/agents/${encodeURIComponent(agent)}/probes`;
  const current = await new ApiClient(apiEndpoint(context)).post<Current>(path, { kind: 'current' });
  if (o.json) context.io.out(json(current));
  else {
    context.io.err(current.source === 'file' ? 'a file of its own\n' : 'what the platform desired\n');
    context.io.out(current.profile);
  }
  return EXIT.ok;
}

async function planOf(api: ApiClient, file: string): Promise<Plan> {
  const after = textOf(file);
  // Which agent it is for is in the profile: any name will do to ask.
  const checked = await api.post<Checked>(`${at('any')}/check`, { profile: after });
  if (!checked.valid || checked.agent_id === undefined) {
    const problems = checked.problems.map((p) => p.message.replace(/^profile\.yaml/, file)).join('\n');
    throw new CliError('failed', 'profile', `${file} is not valid`, problems);
  }
  const desired = await api.find<Desired>(at(checked.agent_id));
  return { agent_id: checked.agent_id, version: desired?.version ?? 0, before: desired?.profile ?? '', after };
}

export function textOf(file: string, what = 'a profile, YAML'): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CliError('usage', 'profile', `cannot read ${file}`, `give ${what}`, { cause });
  }
}

function show({ io }: Context, { agent_id, version, before, after }: Plan): void {
  if (before === after)
    return io.err(`nothing would change: agent ${agent_id} is to work by this (version ${version})\n`);
  io.err(
    version === 0
      ? `nothing is desired of agent ${agent_id} yet\n`
      : `against version ${version} of agent ${agent_id}\n`,
  );
  for (const line of hunks(
    before === '' ? after.split('\n').map((text) => ({ kind: 'added' as const, text })) : diffLines(before, after),
    AROUND,
  )) {
    if (line.kind === 'skipped') io.out(styled(`… ${line.count} lines the same\n`, 'dim', io.color.out));
    else if (line.kind === 'same') io.out(`  ${line.text}\n`);
    else
      io.out(
        styled(
          `${line.kind === 'added' ? '+' : '-'} ${line.text}\n`,
          line.kind === 'added' ? 'green' : 'red',
          io.color.out,
        ),
      );
  }
}
