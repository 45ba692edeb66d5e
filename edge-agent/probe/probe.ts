/**
 * Answers one question about a draft. It runs in a process of its own (decision 0624), so that whatever a draft makes of it
 * costs the working agent nothing.
 */
import { createSocket } from 'node:dgram';
import { addAdapter, type AdapterDeps } from '../adapters';
import { type BacnetSettings, connectionSettings as bacnetSettings } from '../adapters/bacnet/settings';
import { compileProfile } from '../core/compile/compile';
import { type AgentPlan } from '../core/compile/plan';
import { type Env, ProfileDocument } from '../core/profile/document';
import { loadProfile } from '../core/profile/load';
import { type Problem, problemText } from '../core/profile/problem';
import { type ConnectionSection, type Profile } from '../core/profile/types';
import { planOfText, ProfileError, PROTOCOLS, schemaOfProfiles } from '../profile-file';
import { qualityName } from '../quality-name';
import {
  type Found,
  MAX_PROBE_BYTES,
  type Preview,
  type PreviewValue,
  type ProbeRequest,
  type Tested,
} from '../../schemas/probe';
import { browseConnection } from './browse';
import { ProbeError } from './error';
import { plainValue, readField } from './read-field';
import { tryLink } from './try-link';
import { asVisitor } from './visitor';

export interface ProbeDeps extends AdapterDeps {
  /** What `${…}` of a draft may name. */
  readonly env: Env;
}

const FILE = 'profile.yaml';
const SUFFIX_RADIX = 36;
const NEVER = new Promise<never>(() => undefined);

/** Throws ProfileError, ProbeError, and whatever kept a connection from being browsed. */
export async function probe(request: ProbeRequest, deps: ProbeDeps): Promise<Preview | Found | Tested> {
  const suffix = `probe-${deps.random().toString(SUFFIX_RADIX).slice(2, 10)}`;
  if (request.kind === 'preview') return preview(request, deps, suffix);
  const alone = profileOf(request, deps.env);
  if (request.kind === 'test') return test(alone, request, deps, suffix);
  const connection = onlyOne(alone);
  const { wait_ms, node } = request;
  const isFree = await freeAmong(connection.protocol === 'bacnet' ? [bacnetSettings(connection).port] : []);
  return browseConnection(connection, { node, wait_ms, suffix, random: deps.random, isFree });
}

async function preview(request: ProbeRequest, deps: ProbeDeps, suffix: string): Promise<Preview> {
  const { connection, profile: text, wait_ms } = request;
  const draft = planOfText({ file: FILE, text, readFile: notHere }, deps.env);
  known(
    connection,
    draft.connections.map((c) => c.name),
  );
  const isFree = await freeAmong(portsOf(draft));
  const { plan, leftOut } = asVisitor(draft, { connection, suffix, isFree });
  const values: PreviewValue[] = [];
  const options = { follow: false, wait_ms, stop: NEVER };
  const { total, unread, errors } = await readField(plan, deps, options, ({ device, metric }, point, reading) =>
    values.push({
      ...{ device, metric, value: plainValue(reading.value), unit: point.unit },
      ...{ quality: qualityName(reading.quality), time: new Date(reading.at).toISOString() },
    }),
  );
  const complaints = [...leftOut, ...[...errors].map(([name, reason]) => ({ connection: name, reason }))];
  return bounded({ kind: 'preview', values, unread, complaints, points: total });
}

async function test(alone: Profile, { wait_ms }: ProbeRequest, deps: ProbeDeps, suffix: string): Promise<Tested> {
  const { name, protocol } = onlyOne(alone);
  if (protocol === 'bacnet')
    throw new ProbeError('BACnet has no connection that could be tested: browse it, and see which devices answer');
  const draft = compileProfile({ ...alone, devices: [] }, PROTOCOLS);
  const { plan, leftOut } = asVisitor(draft, { connection: '', suffix, isFree: () => false });
  const [connection] = plan.connections;
  if (!connection) throw new ProbeError(leftOut.map((l) => l.reason).join('\n'));
  const begun = deps.clock.monotonic();
  const reason = await tryLink(addAdapter(connection, deps), wait_ms);
  const took_ms = Math.round(deps.clock.monotonic() - begun);
  return { kind: 'test', connection: name, protocol, reached: reason === '', reason, took_ms };
}

/** Halves what is listed until it fits: `points` says how many there were. */
export function bounded(preview: Preview, max_bytes = MAX_PROBE_BYTES): Preview {
  if (Buffer.byteLength(JSON.stringify(preview)) <= max_bytes) return preview;
  const half = <T>(list: readonly T[]): readonly T[] => list.slice(0, Math.floor(list.length / 2));
  return bounded({ ...preview, values: half(preview.values), unread: half(preview.unread) }, max_bytes);
}

/** One connection of a draft whose rest may still be missing: it is asked for before there are devices. */
function profileOf({ profile, connection: name }: ProbeRequest, env: Env): Profile {
  const document = ProfileDocument.parse(FILE, profile, env);
  if (document.problems.length > 0) throw new ProfileError(document.problems);
  const { agent, connections } = (document.data() ?? {}) as { agent?: unknown; connections?: ConnectionSection[] };
  const all = Array.isArray(connections) ? connections : [];
  known(
    name,
    all.map((c) => c.name),
  );
  const section = all.find((c) => c.name === name || (name === '' && all.length === 1));
  if (!section) throw new ProbeError('name one of the connections of the profile');
  // A device that stands for those that are not there yet: the schema asks for one.
  const whole = { agent, connections: [section], devices: [{ id: 'any', connection: section.name }] };
  const source = { file: FILE, text: JSON.stringify(whole), env: {}, schema: schemaOfProfiles(), readFile: notHere };
  const loaded = loadProfile(source);
  if (!loaded.ok) throw new ProfileError(loaded.problems);
  return loaded.loaded.profile;
}

function onlyOne({ connections: [connection] }: Profile): ConnectionSection {
  if (!connection) throw new ProbeError('the profile has no connection');
  return connection;
}

function known(name: string, names: readonly string[]): void {
  if (name !== '' && !names.includes(name))
    throw new ProbeError(`the profile has no connection ${name}; it has ${names.join(', ') || 'none'}`);
}

function notHere(name: string): never {
  throw new Error(`${name} was not sent with the profile: put the points into it (millrace profile import)`);
}

const portsOf = (plan: AgentPlan): readonly number[] =>
  plan.connections.flatMap((c) => (c.protocol === 'bacnet' ? [(c.settings as BacnetSettings).port] : []));

/** Which of the UDP ports nobody on this machine has. */
async function freeAmong(ports: readonly number[]): Promise<(port: number) => boolean> {
  const free = new Set<number>();
  for (const port of ports) if (await isFree(port)) free.add(port);
  return (port) => free.has(port);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind({ port, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

/** Why there is no answer, for who asked. */
export const reasonOf = (error: unknown): string =>
  error instanceof ProfileError
    ? error.problems.map((p: Problem) => problemText(p)).join('\n')
    : (error as Error).message;
