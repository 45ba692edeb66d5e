/** The little that the launcher must know of an agent's profile; the agent itself validates it. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { LOOPBACK } from '../../local/components/spec';
import { FIELD_PORTS, fieldVariableOf, type Ports } from '../../local/port-plan';
import { CliError } from '../errors';

type Env = Readonly<Record<string, string | undefined>>;

export interface ProfileDevice {
  readonly id: string;
  readonly model?: string;
  readonly path?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface ProfileSummary {
  readonly agentId: string;
  readonly devices: readonly ProfileDevice[];
  /** As it is written. */
  readonly text: string;
  /** Variables it refers to, as far as they are set: the agent needs them. */
  readonly env: Readonly<Record<string, string>>;
  /** All that it refers to. */
  readonly variables: ReadonlySet<string>;
}

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

interface Document {
  readonly agent?: { readonly id?: string; readonly path?: string };
  readonly devices?: readonly { id?: string; model?: string; path?: string; labels?: Record<string, string> }[];
}

/** Throws CliError when it cannot be read or names no agent. */
export function readProfile(file: string, env: Env): ProfileSummary {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CliError(
      'usage',
      'read profile',
      `cannot read the profile ${file}`,
      'give a readable file to --profile',
      { cause },
    );
  }
  return summarise(text, file, env);
}

export function summarise(text: string, file: string, env: Env): ProfileSummary {
  const hint = `see what is wrong with: millrace agent validate --profile ${file}`;
  let document: Document;
  try {
    document =
      (parse(
        text.replace(REFERENCE, (_, name: string, other = '') => env[name] ?? String(other)),
      ) as Document | null) ?? {};
  } catch (cause) {
    throw new CliError('failed', 'read profile', `${file} is not YAML: ${(cause as Error).message}`, hint, { cause });
  }
  const agentId = document.agent?.id;
  if (!agentId) throw new CliError('failed', 'read profile', `${file} does not name its agent (agent.id)`, hint);
  const devices = (document.devices ?? []).flatMap(({ id, model, path, labels }) =>
    id ? [{ id, ...(model && { model }), ...(path && { path }), ...(labels && { labels }) }] : [],
  );
  const names = [...text.matchAll(REFERENCE)].map((m) => m[1] ?? '');
  const set = names.flatMap((n) => (env[n] === undefined ? [] : [[n, env[n]] as const]));
  return { agentId, devices, text, env: Object.fromEntries(set), variables: new Set(names) };
}

/** What the agent and the simulated plant are both told, of what the profile refers to: ports to meet at, the devices' token, their pace, the API that knows claim codes. What the user set stays. */
export function fieldEnv(
  { variables, env }: Pick<ProfileSummary, 'variables' | 'env'>,
  ports: Ports,
  token: string,
): Record<string, string> {
  const known = [
    ...FIELD_PORTS.map((name) => [fieldVariableOf(name), String(ports[`plant-${name}`])] as const),
    ['PLANT_TOKEN', token] as const,
    ['API_URL', `http://${LOOPBACK}:${ports.api}`] as const,
    ['PLANT_PERIOD_MS', ''] as const,
  ];
  const told = known.map(([name, value]) => [name, env[name] ?? value] as const);
  return Object.fromEntries(told.filter(([name, value]) => variables.has(name) && value !== ''));
}
