/**
 * What a host knows of one edge node, and what each message makes of it (specification 3.0, 5 and 6.4). Pure: state and message
 * in, state and effects out.
 *   unknown --NBIRTH--> online --NDEATH with its bdSeq--> offline ; each message in between carries the next seq, modulo 256
 * Names are given at birth, data may carry aliases alone. A message that is missing may have been a birth that gave aliases
 * to other names: until the next birth, aliases are then not believed, and only what carries its name is read.
 */
import { type Metric, type Payload } from './codec';
import { type MessageType } from './topic';

const SEQUENCE = 256;
export const REBIRTH = 'Node Control/Rebirth';
const BDSEQ = 'bdSeq';

/** Waits between two requests for a rebirth of one node: doubled while it does not come, ms. */
export const REBIRTH_FIRST_MS = 5_000;
export const REBIRTH_MAX_MS = 300_000;

export interface Named {
  readonly name: string;
  readonly type: number;
}

interface Birth {
  readonly at: number;
  /** Messages are missing since: aliases may mean something else by now. */
  readonly doubtful: boolean;
  readonly byAlias: ReadonlyMap<string, Named>;
  readonly byName: ReadonlyMap<string, Named>;
}

export interface Node {
  readonly online: boolean;
  /** Of the newest birth, as decimal text. */
  readonly bdSeq: string | undefined;
  /** Of the last message in order, and its time. */
  readonly seq: number;
  readonly at: number;
  /** '' is the node itself; a device that is not here is not online. */
  readonly births: ReadonlyMap<string, Birth>;
  /** When a rebirth may be asked for again, and how long to wait after that, ms. */
  readonly askAgainAt: number;
  readonly askWait_ms: number;
}

export const UNKNOWN: Node = {
  online: false,
  bdSeq: undefined,
  seq: 0,
  at: 0,
  births: new Map(),
  askAgainAt: 0,
  askWait_ms: REBIRTH_FIRST_MS,
};

export interface Told {
  readonly metric: Metric;
  readonly name: string;
  readonly type: number;
}

export type Effect =
  | {
      readonly kind: 'values';
      readonly device: string;
      readonly birth: boolean;
      readonly at: number | undefined;
      readonly values: readonly Told[];
    }
  /** The device, or the node with all its devices when empty. */
  | { readonly kind: 'lost'; readonly device: string }
  | { readonly kind: 'rebirth' }
  | { readonly kind: 'count'; readonly what: Count };

export const COUNTS = [
  'births',
  'deaths',
  'old_messages',
  'sequence_gaps',
  'before_birth',
  'in_doubt',
  'unknown_alias',
  'rebirths_asked',
] as const;
export type Count = (typeof COUNTS)[number];

export interface Step {
  readonly node: Node;
  readonly effects: readonly Effect[];
}

/** `device` is empty in messages of the node itself. */
export function step(node: Node, type: MessageType, device: string, payload: Payload, now: number): Step {
  switch (type) {
    case 'NBIRTH':
      return nodeBirth(node, payload, now);
    case 'NDEATH':
      return nodeDeath(node, payload);
    case 'DBIRTH':
    case 'DDEATH':
    case 'NDATA':
    case 'DDATA':
      return node.online ? sequenced(node, type, device, payload, now) : ask(node, now, ['before_birth']);
    case 'NCMD':
    case 'DCMD':
      // Of another host, or our own: a host listens to what nodes say.
      return { node, effects: [] };
  }
}

function nodeBirth(node: Node, payload: Payload, now: number): Step {
  const current = node.births.get('');
  if (current && payload.at !== undefined && payload.at < current.at) return { node, effects: [count('old_messages')] };
  if (payload.seq !== 0) return ask(node, now, ['sequence_gaps']);
  const born: Node = {
    ...UNKNOWN,
    online: true,
    bdSeq: bdSeqOf(payload),
    at: payload.at ?? 0,
    births: new Map([['', birthOf(payload, now)]]),
    // A node that loses messages all the time is not asked all the time.
    askAgainAt: node.askAgainAt,
  };
  // Devices are offline until their own births, which follow.
  const gone = [...node.births.keys()].filter((d) => d !== '').map((device) => ({ kind: 'lost', device }) as const);
  return { node: born, effects: [...gone, count('births'), values(born, '', payload, true)] };
}

function nodeDeath(node: Node, payload: Payload): Step {
  // One of an older session: the broker sent the will late.
  if (!node.online || bdSeqOf(payload) !== node.bdSeq) return { node, effects: [count('old_messages')] };
  const dead = { ...node, online: false, births: new Map() };
  return { node: dead, effects: [count('deaths'), { kind: 'lost', device: '' }] };
}

function sequenced(node: Node, type: MessageType, device: string, payload: Payload, now: number): Step {
  const { seq = -1, at = node.at } = payload;
  if (seq === (node.seq + 1) % SEQUENCE) return message({ ...node, seq, at }, type, device, payload, now);
  // Late, or sent twice: what came after it was read already.
  if (at < node.at || (seq === node.seq && at === node.at)) return { node, effects: [count('old_messages')] };
  const births = new Map([...node.births].map(([name, birth]) => [name, { ...birth, doubtful: true }] as const));
  const done = message({ ...node, seq, at, births }, type, device, payload, now);
  const asked = ask(done.node, now, ['sequence_gaps']);
  return { node: asked.node, effects: [...done.effects, ...asked.effects] };
}

function message(node: Node, type: MessageType, device: string, payload: Payload, now: number): Step {
  if (type === 'DBIRTH') {
    const current = node.births.get(device);
    if (current && payload.at !== undefined && payload.at < current.at)
      return { node, effects: [count('old_messages')] };
    const next = { ...node, births: new Map(node.births).set(device, birthOf(payload, now)) };
    return { node: next, effects: [count('births'), values(next, device, payload, true)] };
  }
  if (type === 'DDEATH') {
    if (!node.births.has(device)) return { node, effects: [] };
    const births = new Map(node.births);
    births.delete(device);
    return { node: { ...node, births }, effects: [count('deaths'), { kind: 'lost', device }] };
  }
  const birth = node.births.get(device);
  if (!birth) return ask(node, now, ['before_birth']);
  if (payload.at !== undefined && payload.at < birth.at) return { node, effects: [count('old_messages')] };
  const told = values(node, device, payload, false);
  if (payload.metrics.every((m) => nameOf(birth, m))) return { node, effects: [told] };
  const asked = ask(node, now, [birth.doubtful ? 'in_doubt' : 'unknown_alias']);
  return { node: asked.node, effects: [told, ...asked.effects] };
}

/** Asks for a rebirth unless it did so a short while ago. */
function ask(node: Node, now: number, why: readonly Count[]): Step {
  const counted = why.map(count);
  if (now < node.askAgainAt) return { node, effects: counted };
  const { askWait_ms } = node;
  const asked = { ...node, askAgainAt: now + askWait_ms, askWait_ms: Math.min(REBIRTH_MAX_MS, 2 * askWait_ms) };
  return { node: asked, effects: [...counted, count('rebirths_asked'), { kind: 'rebirth' }] };
}

function values(node: Node, device: string, payload: Payload, birth: boolean): Effect {
  const named = node.births.get(device);
  const told = payload.metrics.flatMap((metric) => {
    const found = named && nameOf(named, metric);
    return found ? [{ metric, ...found }] : [];
  });
  return { kind: 'values', device, birth, at: payload.at, values: told };
}

/** A name in the message itself is the better witness. */
function nameOf({ byName, byAlias, doubtful }: Birth, { name, alias, type }: Metric): Named | undefined {
  if (name !== undefined && name !== '') {
    const known = byName.get(name);
    return known ?? (type === undefined ? undefined : { name, type });
  }
  return alias === undefined || doubtful ? undefined : byAlias.get(alias);
}

function birthOf({ metrics, at }: Payload, now: number): Birth {
  const byAlias = new Map<string, Named>();
  const byName = new Map<string, Named>();
  for (const { name, alias, type } of metrics) {
    if (name === undefined || type === undefined) continue;
    const named = { name, type };
    byName.set(name, named);
    if (alias !== undefined) byAlias.set(alias, named);
  }
  return { at: at ?? now, doubtful: false, byAlias, byName };
}

function bdSeqOf({ metrics }: Payload): string | undefined {
  const raw = metrics.find((m) => m.name === BDSEQ)?.raw?.value;
  return typeof raw === 'bigint' ? raw.toString() : undefined;
}

const count = (what: Count): Effect => ({ kind: 'count', what });
