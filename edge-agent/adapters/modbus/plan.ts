/**
 * Points to the fewest requests. Points of one unit, table and scan time are joined while the request stays within the
 * device's limit and no more is read in vain than the allowed gap. Taking points in the order of their addresses and
 * opening a request only when one does not fit is optimal: each request starts at the first point not yet covered.
 */
import { type ReadFunction, type Request } from './codec/pdu';
import { isBitTable, type Limits, type ModbusSource } from './settings';

export interface PlanPoint {
  readonly device: string;
  readonly metric: string;
  readonly unit: number;
  readonly scan_ms: number;
  readonly limits: Limits;
  readonly source: ModbusSource;
}

export interface PlannedRead {
  readonly unit: number;
  readonly fn: ReadFunction;
  readonly address: number;
  readonly count: number;
  readonly scan_ms: number;
  readonly points: readonly PlanPoint[];
}

const FUNCTIONS: Readonly<Record<ModbusSource['table'], ReadFunction>> = {
  coil: 1,
  'discrete-input': 2,
  'holding-register': 3,
  'input-register': 4,
};

export function requestOf({ fn, address, count }: PlannedRead): Request {
  return { fn, address, count };
}

export const readFunction = (source: ModbusSource): ReadFunction => FUNCTIONS[source.table];

/** Requests in the order unit, scan time, table, address. */
export function planReads(points: readonly PlanPoint[]): PlannedRead[] {
  const groups = new Map<string, PlanPoint[]>();
  for (const p of points) {
    const key = `${p.unit} ${p.scan_ms} ${p.source.table}`;
    const group = groups.get(key);
    if (group) group.push(p);
    else groups.set(key, [p]);
  }
  return [...groups.values()].flatMap(join).sort(byTurn);
}

function byTurn(a: PlannedRead, b: PlannedRead): number {
  return a.unit - b.unit || a.scan_ms - b.scan_ms || a.fn - b.fn || a.address - b.address;
}

const first = (p: PlanPoint): number => p.source.address;
const end = (p: PlanPoint): number => p.source.address + p.source.count;

interface Bounds {
  readonly size: number;
  readonly gap: number;
}

const boundsOf = ({ source, limits }: PlanPoint): Bounds =>
  isBitTable(source.table)
    ? { size: limits.bits, gap: limits.gap_bits }
    : { size: limits.registers, gap: limits.gap_registers };

/** The tighter of two; nothing before means no bounds yet. */
const tighter = (a: Bounds | undefined, b: Bounds): Bounds =>
  a ? { size: Math.min(a.size, b.size), gap: Math.min(a.gap, b.gap) } : b;

function join(group: PlanPoint[]): PlannedRead[] {
  const sorted = [...group].sort((a, b) => first(a) - first(b) || end(a) - end(b));
  const reads: PlannedRead[] = [];
  let open: PlanPoint[] = [];
  let bounds: Bounds | undefined;
  let covered = 0;
  for (const point of sorted) {
    const joined = tighter(bounds, boundsOf(point));
    const size = Math.max(covered, end(point)) - first(open[0] ?? point);
    if (open.length > 0 && (size > joined.size || first(point) - covered > joined.gap)) {
      reads.push(read(open));
      open = [];
    }
    bounds = open.length === 0 ? boundsOf(point) : joined;
    covered = open.length === 0 ? end(point) : Math.max(covered, end(point));
    open.push(point);
  }
  if (open.length > 0) reads.push(read(open));
  return reads;
}

function read(points: readonly PlanPoint[]): PlannedRead {
  const [start] = points;
  if (!start) throw new RangeError('a request without points');
  const address = first(start);
  const count = Math.max(...points.map(end)) - address;
  return { unit: start.unit, fn: readFunction(start.source), address, count, scan_ms: start.scan_ms, points };
}

/**
 * The halves of a request that the device refused as a whole, so that one bad address does not spoil its neighbours:
 * first without the gaps, then point by point. Undefined when there is nothing left to take apart.
 */
export function split(refused: PlannedRead): PlannedRead[] | undefined {
  if (refused.points.length < 2) return undefined;
  const gapless = refused.points.map((p) => ({ ...p, limits: { ...p.limits, gap_registers: 0, gap_bits: 0 } }));
  const runs = planReads(gapless);
  if (runs.length > 1) return runs;
  const middle = Math.ceil(refused.points.length / 2);
  return [refused.points.slice(0, middle), refused.points.slice(middle)].map(read);
}
