/** What SQL has of a plant of many protocols, held against what its devices were acknowledged for. Pure. */
import { type Acknowledgements } from '../../../deploy/local/plant/ledger';

/** A number that a device gave to a message, and how often SQL has it. */
export interface Counted {
  readonly device_id: string;
  readonly number: number;
  readonly times: number;
}

/** Frames of a device up to some number of the outbox. */
export interface Frames {
  readonly device_id: string;
  readonly last: number;
  readonly frames: number;
}

export interface Figures {
  readonly devices: number;
  /** Messages that were acknowledged; null where the protocol acknowledges nothing. */
  readonly acknowledged: number | null;
  /** Sum of their numbers, as the plant and as SQL has it. */
  readonly sum: { readonly plant: number; readonly sql: number } | null;
  readonly missing: number;
  /** Messages that are in SQL more than once, acknowledged or not. */
  readonly doubled: number;
  readonly frames: number;
  /** Numbers of the outbox that SQL does not have. */
  readonly frames_missing: number;
}

export interface Evidence {
  readonly acknowledged: Acknowledgements;
  readonly counted: readonly Counted[];
  readonly frames: readonly Frames[];
}

/** By protocol; `acknowledging`: those whose messages are acknowledged one by one. */
export function judge(
  protocols: Readonly<Record<string, readonly string[]>>,
  acknowledging: ReadonlySet<string>,
  evidence: Evidence,
): Record<string, Figures> {
  return Object.fromEntries(
    Object.entries(protocols).map(([name, devices]) => [name, figures(devices, acknowledging.has(name), evidence)]),
  );
}

export const isSound = (f: Figures): boolean =>
  f.missing === 0 && f.doubled === 0 && f.frames_missing === 0 && f.frames > 0 && f.acknowledged !== 0;

function figures(
  devices: readonly string[],
  acknowledging: boolean,
  { acknowledged, counted, frames }: Evidence,
): Figures {
  const theirs = frames.filter((f) => devices.includes(f.device_id));
  const outbox = {
    devices: devices.length,
    frames: theirs.reduce((n, f) => n + f.frames, 0),
    frames_missing: theirs.reduce((n, f) => n + f.last - f.frames, 0) + (devices.length - theirs.length),
  };
  if (!acknowledging) return { ...outbox, acknowledged: null, sum: null, missing: 0, doubled: 0 };
  const found = { acknowledged: 0, missing: 0, plant: 0, sql: 0 };
  for (const device of devices) {
    const times = new Map(counted.filter((c) => c.device_id === device).map((c) => [c.number, c.times]));
    for (const n of numbersOf(acknowledged[device] ?? [])) {
      const here = times.get(n) ?? 0;
      found.acknowledged++;
      found.plant += n;
      found.sql += here * n;
      if (here === 0) found.missing++;
    }
  }
  const { plant, sql, ...rest } = found;
  const doubled = counted.filter((c) => devices.includes(c.device_id) && c.times > 1).length;
  return { ...outbox, ...rest, sum: { plant, sql }, doubled };
}

function* numbersOf(ranges: Acknowledgements[string]): Generator<number> {
  for (const [from, to] of ranges) for (let n = from; n <= to; n++) yield n;
}
