/** Where the time of one command goes, hop by hop: from what every process told of its trace. Pure. */
import { type ToldSpan } from '../support/span-collector';

/** Of one command, by its trace; times in ms since 1970-01-01 UTC. */
export interface Seen {
  readonly begun: number;
  readonly answered: number;
  /** When its workflow closed; undefined while it runs. */
  readonly closed: number | undefined;
  readonly spans: readonly ToldSpan[];
}

/** The way there, one after the other; then, from the stream, the ways that end it, side by side. */
export const HOPS = [
  'request at the API',
  'issued on the stream',
  'order on the stream',
  'order at the agent',
  'on record, its turn, write begun',
  'register written',
  'read back',
  'verified on record',
  'told',
  'on the stream',
] as const;
export const ENDS = ['answered at the client', 'signalled by the relay', 'workflow closed', 'in SQL'] as const;

export type Hop = (typeof HOPS)[number] | (typeof ENDS)[number];

/** When the command came to each place; what was not told of is left out. */
export function marksOf({ answered, closed, spans }: Seen): Partial<Record<Hop, number>> {
  const named = (name: string, having = ''): ToldSpan[] =>
    spans
      .filter((s) => s.name === name && (s.attributes['millrace.command_states'] ?? '').includes(having))
      .sort((a, b) => a.start - b.start);
  const orders = named('publish command').filter((s) => s.attributes['millrace.orders'] === '1');
  const write = named('write to the field')[0];
  const carried = named('carry out command')[0];
  // Straight, or by the outbox.
  const said = latest([...named('tell'), ...named('ship')]);
  const issued = named('publish command', 'issued')[0];
  const marks: Partial<Record<Hop, number | undefined>> = {
    'request at the API': spans.find((s) => s.service === 'api' && s.name.startsWith('POST'))?.start,
    'issued on the stream': issued?.end,
    'order on the stream': orders[0]?.end,
    'order at the agent': carried?.start,
    'on record, its turn, write begun': write?.start,
    'register written': write?.end,
    'read back': latest(named('read back'))?.end,
    'verified on record': carried?.end,
    told: said?.start,
    'on the stream': said?.end,
    'answered at the client': answered,
    'signalled by the relay': latest(named('tell the workflow', 'verified'))?.end,
    'workflow closed': closed,
    'in SQL': latest(named('project'))?.end,
  };
  return Object.fromEntries(Object.entries(marks).filter(([, at]) => at !== undefined));
}

export interface HopFigures {
  readonly hop: Hop;
  /** Median from the place before it (of an end: from the stream's acknowledgement), ms. */
  readonly median_ms: number;
  /** Median since the client began, ms. */
  readonly since_begun_ms: number;
  /** Commands it was told of. */
  readonly of: number;
}

export function hopTable(all: readonly Seen[]): HopFigures[] {
  const marks = all.map((seen) => ({ begun: seen.begun, at: marksOf(seen) }));
  const acknowledged = HOPS.at(-1) as Hop;
  const before = (hop: Hop): Hop | undefined => {
    const place = (HOPS as readonly Hop[]).indexOf(hop);
    return place === -1 ? acknowledged : HOPS[place - 1];
  };
  return [...HOPS, ...ENDS].flatMap((hop) => {
    const from = before(hop);
    const known = marks.flatMap(({ begun, at }) => {
      const [then, last] = [at[hop], from === undefined ? begun : at[from]];
      return then === undefined || last === undefined ? [] : [{ took: then - last, since: then - begun }];
    });
    if (known.length === 0) return [];
    const [median_ms, since_begun_ms] = [median(known.map((k) => k.took)), median(known.map((k) => k.since))];
    return [{ hop, median_ms, since_begun_ms, of: known.length }];
  });
}

const latest = (spans: readonly ToldSpan[]): ToldSpan | undefined =>
  spans.reduce<ToldSpan | undefined>((last, s) => (last && last.end >= s.end ? last : s), undefined);

function median(of: readonly number[]): number {
  const sorted = [...of].sort((a, b) => a - b);
  return Math.round(10 * (sorted[Math.floor(sorted.length / 2)] ?? 0)) / 10;
}
