/** What is done to an agent and its surroundings, and when: all of it from the seed. Pure. */
import { type Random } from '../../chaos/support/random';

export type Victim = 'agent' | 'broker';
export type Trouble = 'cut' | 'stall' | 'latency';

/** When a blow falls: at a byte of the traffic with the broker, or after a time. */
export interface Moment {
  readonly pause_ms: number;
  /** Bytes to let pass after the pause; 0: at once. */
  readonly bytes: number;
}

export type Blow =
  | { readonly kind: Victim; readonly at: Moment; readonly down_ms: number }
  | { readonly kind: 'cut'; readonly at: Moment }
  /** The line is silent for this long; then it is cut, or goes on where it was. */
  | { readonly kind: 'stall'; readonly at: Moment; readonly for_ms: number; readonly cut: boolean }
  | { readonly kind: 'latency'; readonly at: Moment; readonly for_ms: number; readonly each_ms: number };

const LEAST_PAUSE_MS = 200;
const MOST_PAUSE_MS = 1_500;
/** Bytes are drawn by their logarithm: the first few of a request are as interesting as the many of a batch. */
const MOST_BYTES = 30_000;
const BROKER_SHARE = 0.25;
const TROUBLE_SHARE = 0.6;

/** `kills` kills of agent and broker, with trouble on the line between them. */
export function schedule(kills: number, random: Random): Blow[] {
  const blows: Blow[] = [];
  for (let n = 0; n < kills; n++) {
    if (random.next() < TROUBLE_SHARE) blows.push(trouble(random.pick(['cut', 'cut', 'stall', 'latency']), random));
    const kind = random.next() < BROKER_SHARE ? 'broker' : 'agent';
    blows.push({ kind, at: moment(random), down_ms: Math.floor(random.next() ** 2 * 2_000) });
  }
  return blows;
}

/** One of each kind, for a short run. */
export function oneOfEach(random: Random): Blow[] {
  const kill = (kind: Victim): Blow => ({ kind, at: moment(random), down_ms: random.below(500) });
  return [
    kill('agent'),
    trouble('cut', random),
    kill('broker'),
    trouble('stall', random),
    kill('agent'),
    kill('agent'),
  ];
}

function trouble(kind: Trouble, random: Random): Blow {
  const at = moment(random);
  if (kind === 'cut') return { kind, at };
  const for_ms = 300 + random.below(4_000);
  return kind === 'stall'
    ? { kind, at, for_ms, cut: random.next() < 0.5 }
    : { kind, at, for_ms, each_ms: 20 + random.below(300) };
}

const moment = (random: Random): Moment => ({
  pause_ms: LEAST_PAUSE_MS + random.below(MOST_PAUSE_MS - LEAST_PAUSE_MS),
  bytes: random.next() < 0.3 ? 0 : Math.floor(MOST_BYTES ** random.next()),
});
