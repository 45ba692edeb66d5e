/** Signals of a DBC file as points of a profile. Pure. */
import { type DbcMessage, type DbcSignal, parseDbc } from './dbc';
import { pgnOf } from './pgn';
import { type Place, problem, type Problem } from './problem';
import { type DeviceDefaults, type PointSection } from './types';
import { type SelectorSection } from './types-can';

export interface DbcPoints {
  readonly points: readonly PointSection[];
  /** What was left out, and why. */
  readonly leftOut: readonly string[];
}

const EXTENDED = 2 ** 31;
/** Holds signals that are in no message. */
const NO_MESSAGE = 0xc0000000;
const MAX_DEPTH = 8;

/** Units as DBC files write them, in UCUM. */
const UCUM: Readonly<Record<string, string>> = {
  ...{
    degC: 'Cel',
    '°C': 'Cel',
    'deg C': 'Cel',
    C: 'Cel',
    K: 'K',
    rpm: '/min',
    '1/min': '/min',
    '%': '%',
    '‰': '[ppth]',
  },
  ...{ V: 'V', mV: 'mV', A: 'A', mA: 'mA', W: 'W', kW: 'kW', kWh: 'kW.h', Ah: 'A.h', Hz: 'Hz', kHz: 'kHz', Ohm: 'Ohm' },
  ...{
    s: 's',
    ms: 'ms',
    min: 'min',
    h: 'h',
    hr: 'h',
    m: 'm',
    mm: 'mm',
    km: 'km',
    'km/h': 'km/h',
    kph: 'km/h',
    'm/s': 'm/s',
  },
  ...{
    'm/s^2': 'm/s2',
    bar: 'bar',
    mbar: 'mbar',
    kPa: 'kPa',
    Pa: 'Pa',
    MPa: 'MPa',
    psi: '[psi]',
    kg: 'kg',
    g: 'g',
    N: 'N',
  },
  ...{ Nm: 'N.m', l: 'L', L: 'L', 'l/h': 'L/h', 'L/h': 'L/h', deg: 'deg', '°': 'deg', rad: 'rad', 'deg/s': 'deg/s' },
};

/** Throws DbcError. `messages`: names of those that are wanted; empty for all. */
export function pointsOfDbc(content: string, messages: readonly string[] = []): DbcPoints {
  const all = parseDbc(content).filter((m) => m.id !== NO_MESSAGE);
  const wanted = all.filter((m) => messages.length === 0 || messages.includes(m.name));
  const uses = new Map<string, number>();
  for (const { signals } of wanted) for (const { name } of signals) uses.set(name, (uses.get(name) ?? 0) + 1);
  const leftOut: string[] = [];
  const points = wanted.flatMap((message) =>
    message.signals.flatMap((signal): PointSection[] => {
      const metric = uses.get(signal.name) === 1 ? signal.name : `${message.name}.${signal.name}`;
      const reason = unfit(message, signal);
      if (reason === undefined) return [pointOf(metric, message, signal)];
      leftOut.push(`${message.name}.${signal.name}: ${reason}`);
      return [];
    }),
  );
  return { points, leftOut };
}

function unfit({ id, bytes }: DbcMessage, { length, float, factor }: DbcSignal): string | undefined {
  if (length < 1 || length > 64) return `${length} bits`;
  if (float && length !== 32 && length !== 64) return `a float of ${length} bits`;
  if (factor === 0) return 'a factor of 0';
  if (bytes > 64 && id < EXTENDED) return `${bytes} bytes`;
  return undefined;
}

function pointOf(metric: string, message: DbcMessage, signal: DbcSignal): PointSection {
  const { start, length, little, signed, float, factor, offset, min, max, comment } = signal;
  const when = conditions(message, signal, MAX_DEPTH);
  const isPlain = factor === 1 && offset === 0;
  // A table beside a quantity names its special values only.
  const isText = signal.values.size > 0 && isPlain && signal.unit === '' && !float;
  const unit = UCUM[signal.unit];
  return {
    metric,
    ...(!isText && !isPlain && { scale: { factor, offset } }),
    ...(unit !== undefined && { unit }),
    ...(unit !== signal.unit && signal.unit !== '' && { source_unit: signal.unit.slice(0, 64) }),
    ...(comment !== '' && { description: comment.slice(0, 1_000) }),
    ...(!isText && min < max && { low: min, high: max }),
    can: {
      ...frameOf(message),
      start,
      length,
      ...(!little && { order: 'big' as const }),
      ...(float ? { format: 'float' as const } : signed && { format: 'signed' as const }),
      ...(when.length > 0 && { when }),
      ...(message.bytes !== 8 && message.bytes >= 1 && message.bytes <= 64 && { bytes: message.bytes }),
      ...(isText && { values: Object.fromEntries([...signal.values].map(([raw, text]) => [String(raw), text])) }),
    },
  };
}

function frameOf({ id, j1939 }: DbcMessage): { id: number; extended?: boolean } | { pgn: number } {
  const bits = id >= EXTENDED ? id - EXTENDED : id;
  if (j1939) return { pgn: pgnOf(bits) };
  return { id: bits, ...(id >= EXTENDED && bits <= 0x7ff && { extended: true }) };
}

/** Its own selector, and what that one depends on. */
function conditions(message: DbcMessage, signal: DbcSignal, depth: number): SelectorSection[] {
  const { selected, selector } = signal;
  if (selected === undefined || depth === 0) return [];
  const by = message.signals.find((s) =>
    selector ? s.name === selector.name : s.selects && s.selected === undefined && s.name !== signal.name,
  );
  if (!by) return [];
  const { start, length, little } = by;
  const values = selector?.ranges ?? [[selected, selected] as const];
  return [...conditions(message, by, depth - 1), { start, length, ...(!little && { order: 'big' as const }), values }];
}

/** The section with the signals of its DBC file as points; what it says itself of a metric comes on top. */
export function withDbc<T extends DeviceDefaults>(
  section: T,
  readFile: (name: string) => string,
  place: Place,
): { readonly section: T; readonly problem?: Problem } {
  const { points_dbc: name, points: own = [] } = section;
  if (name === undefined) return { section };
  let signals: readonly PointSection[];
  try {
    signals = pointsOfDbc(readFile(name)).points;
  } catch (e) {
    const expected = `a readable DBC file: ${(e as Error).message}`;
    return { section, problem: problem({ path: ['points_dbc'], value: name, expected }, place) };
  }
  const byMetric = new Map(signals.map((p) => [p.metric, p]));
  const mine = new Set(own.map((p) => p.metric));
  const points = [
    ...own.map((p) => ({ ...byMetric.get(p.metric), ...p })),
    ...signals.filter((p) => !mine.has(p.metric)),
  ];
  return { section: { ...section, points } };
}
