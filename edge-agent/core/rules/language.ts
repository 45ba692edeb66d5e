/**
 * The language of rules: CEL less everything whose cost an expression's length does not bound (comprehensions, regular
 * expressions, splitting), plus the signals of the field. deploy/decisions/0240-rules.md lists it for users.
 */
import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { closest } from '../profile/closest';
import { type PointKind } from '../compile/plan';
import { Fault } from './fault';
import { known, type Signal } from './signal';

export const MAX_EXPRESSION_CHARS = 1_000;
const LIMITS = { maxAstNodes: 200, maxDepth: 32, maxListElements: 64, maxMapEntries: 0, maxCallArguments: 4 };
export const MAX_WINDOW_S = 86_400;

export interface PointRef {
  readonly device: string;
  readonly metric: string;
  readonly kind: PointKind;
}

/** What an expression may speak of. */
export interface Scope {
  /** `name` is a metric of the rule's own device, or device/metric. */
  point(name: string): PointRef | undefined;
  /** Whether a geofence is called so, and the rule's device has a position. */
  fence(name: string): boolean;
  /** For suggestions. */
  names(): Iterable<string>;
  fences(): Iterable<string>;
}

/** What the values come from while an expression runs. `signals` are in the order of its points. */
export interface Frame {
  readonly now: number;
  readonly signals: readonly Signal[];
  /** Seconds each `held` condition has held, in the order of the expression. */
  readonly held: readonly number[];
  /** Seconds spent in the geofence; undefined outside. Throws UNKNOWN without a position. */
  inside(fence: string): number | undefined;
}

/** Gathers what an expression needs while it is parsed, and holds its frame while it runs. */
export interface Recorder {
  readonly scope: Scope;
  readonly points: PointRef[];
  readonly windows: { readonly point: number; readonly span_ms: number }[];
  /** Conditions whose duration is asked for, as text. */
  readonly conditions: string[];
  /** The result may change without a sample. */
  timed: boolean;
  frame: Frame | undefined;
}

const CEL_FUNCTIONS = ['size', 'contains', 'startsWith', 'endsWith', 'lowerAscii', 'upperAscii', 'trim'];
const CONVERSIONS = ['int', 'uint', 'double', 'string', 'bool'];
const NUMERIC: readonly PointKind[] = ['number', 'int64', 'boolean'];
const TYPES: Readonly<Record<PointKind, string>> = { number: 'double', int64: 'int', boolean: 'bool', text: 'string' };
/** Words that mean something else already. */
const TAKEN = new Set(['cel', 'google', 'true', 'false', 'null', 'in', 'type', 'list', 'map', 'bytes', ...CONVERSIONS]);

/** The recorder of the expression that is being parsed: parsing is synchronous, and the environments are shared. */
let recording: Recorder | undefined;

export function recordInto<T>(recorder: Recorder, work: () => T): T {
  const before = recording;
  recording = recorder;
  try {
    return work();
  } finally {
    recording = before;
  }
}

const environments = new Map<string, Environment>();
const MAX_ENVIRONMENTS = 1_000;

/** An environment in which these names are variables; shared, since making one takes longer than anything else here. */
export function environmentFor(variables: readonly PointRef[]): Environment {
  const key = variables.map((v) => `${v.metric}:${v.kind}`).join(' ');
  const made = environments.get(key);
  if (made) return made;
  if (environments.size >= MAX_ENVIRONMENTS) environments.clear();
  const environment = root().clone();
  for (const { metric, kind } of variables) environment.registerVariable(metric, TYPES[kind]);
  environments.set(key, environment);
  return environment;
}

/** Names in a text that are points of the device, and can be written without quotes. */
export function variablesIn(text: string, scope: Scope): PointRef[] {
  const words = new Set(text.match(/[A-Za-z_][A-Za-z0-9_]*/g) ?? []);
  return [...words].sort().flatMap((word) => (TAKEN.has(word) ? [] : (scope.point(word) ?? [])));
}

export function refer(recorder: Recorder, { device, metric, kind }: PointRef): number {
  const at = recorder.points.findIndex((p) => p.device === device && p.metric === metric);
  return at >= 0 ? at : recorder.points.push({ device, metric, kind }) - 1;
}

let shared: Environment | undefined;
const root = (): Environment => (shared ??= makeRoot());

interface MacroCall {
  readonly args: readonly ASTNode[];
  readonly ast: ASTNode;
}
interface Checker {
  getType(name: string): unknown;
  check(node: ASTNode, context: unknown): { readonly name: string };
}
type Compiled = (frame: Frame) => unknown;

function makeRoot(): Environment {
  const environment = new Environment({ limits: LIMITS });
  const pointWord = (name: string, type: string | undefined, make: (signal: Signal, frame: Frame) => unknown): void =>
    define(environment, `${name}(ast): ${type ?? 'dyn'}`, ({ args }, recorder) => {
      const index = pointOf(args[0], recorder, name === 'rate' ? NUMERIC : undefined);
      if (name === 'age') recorder.timed = true;
      const kind = recorder.points[index]?.kind ?? 'number';
      return { type: type ?? TYPES[kind], run: (frame) => make(signalAt(frame, index), frame) };
    });
  pointWord('value', undefined, (s) => s.read());
  pointWord('good', 'bool', (s) => s.good);
  pointWord('bad', 'bool', (s) => !s.good);
  pointWord('quality', 'int', (s) => BigInt(known(s.quality)));
  pointWord('age', 'double', (s, frame) => s.age(frame.now));
  pointWord('rate', 'double', (s) => s.rate());
  windowWord(environment, 'mean', 'double', (w) => known(w.mean));
  windowWord(environment, 'median', 'double', (w) => known(w.median));
  windowWord(environment, 'min', 'double', (w) => known(w.min));
  windowWord(environment, 'max', 'double', (w) => known(w.max));
  windowWord(environment, 'rate', 'double', (w) => known(w.rate));
  windowWord(environment, 'count', 'int', (w) => BigInt(w.count));
  heldWord(environment);
  fenceWord(environment, 'inside', 'bool', (seconds) => seconds !== undefined);
  fenceWord(environment, 'inside_for', 'double', (seconds) => seconds ?? 0);
  environment.registerFunction('abs(double): double', (n: number) => Math.abs(n), { async: false });
  environment.registerFunction('abs(int): int', (n: bigint) => (n < 0n ? -n : n), { async: false });
  return environment;
}

type Windowed = ReturnType<Signal['window']>;

function windowWord(environment: Environment, name: string, type: string, make: (window: Windowed) => unknown): void {
  define(environment, `${name}(ast, ast): ${type}`, ({ args }, recorder) => {
    const index = pointOf(args[0], recorder, NUMERIC);
    const span_ms = 1_000 * secondsOf(args[1]);
    recorder.windows.push({ point: index, span_ms });
    recorder.timed = true;
    const run: Compiled = (frame) => {
      const window = signalAt(frame, index).window(span_ms);
      window.slide(frame.now);
      return make(window);
    };
    return { type, run };
  });
}

function heldWord(environment: Environment): void {
  define(environment, 'held(ast): double', ({ args, ast }, recorder) => {
    const condition = args[0] as ASTNode;
    const call = ast.input.slice(ast.start, ast.end);
    const index = recorder.conditions.push(call.slice(call.indexOf('(') + 1, -1)) - 1;
    recorder.timed = true;
    const check = (checker: Checker, context: unknown): void => {
      const { name } = checker.check(condition, context);
      if (name !== 'bool') throw new Fault(condition.start, `a condition in held(…), not a ${name}`);
    };
    return { type: 'double', check, run: (frame) => frame.held[index] ?? 0 };
  });
}

function fenceWord(
  environment: Environment,
  name: string,
  type: string,
  make: (seconds: number | undefined) => unknown,
): void {
  define(environment, `${name}(ast): ${type}`, ({ args }, recorder) => {
    const [node] = args;
    const { scope } = recorder;
    const fence = node?.op === 'value' && typeof node.args === 'string' ? node.args : '';
    if (!scope.fence(fence)) {
      const names = [...scope.fences()];
      const expected = names.length > 0 ? `a geofence: ${names.slice(0, 12).join(', ')}` : 'no geofence: there is none';
      throw new Fault(node?.start ?? 0, `${expected}, and a position on the device`, closest(fence, names));
    }
    if (name === 'inside_for') recorder.timed = true;
    return { type, run: (frame) => make(frame.inside(fence)) };
  });
}

/** A word whose arguments are looked at when the expression is parsed, not when it runs. */
function define(
  environment: Environment,
  signature: string,
  compile: (
    call: MacroCall,
    recorder: Recorder,
  ) => { readonly type: string; readonly run: Compiled; check?(checker: Checker, context: unknown): void },
): void {
  environment.registerFunction(signature, (call: MacroCall) => {
    if (!recording) throw new Error('an expression is parsed that nobody records');
    const recorder = recording;
    const { type, run, check } = compile(call, recorder);
    return {
      async: false,
      typeCheck(checker: Checker, _macro: unknown, context: unknown) {
        check?.(checker, context);
        return checker.getType(type);
      },
      evaluate: () => run(known(recorder.frame)),
    };
  });
}

function signalAt(frame: Frame, index: number): Signal {
  const signal = frame.signals[index];
  if (!signal) throw new RangeError(`an expression was bound to ${frame.signals.length} points only`);
  return signal;
}

function pointOf(node: ASTNode | undefined, recorder: Recorder, kinds?: readonly PointKind[]): number {
  const name = node?.op === 'id' || node?.op === 'value' ? node.args : undefined;
  if (typeof name !== 'string')
    throw new Fault(node?.start ?? 0, 'the name of a point, such as pressure or "p-1/flow"');
  const point = recorder.scope.point(name);
  if (!point) throw unknownPoint(node?.start ?? 0, name, recorder.scope);
  if (kinds && !kinds.includes(point.kind)) throw new Fault(node?.start ?? 0, `a number: ${name} is ${point.kind}`);
  return refer(recorder, point);
}

export function unknownPoint(at: number, name: string, scope: Scope): Fault {
  const names = [...scope.names()];
  return new Fault(at, `a metric of the device: ${names.slice(0, 12).join(', ')}`, closest(name, names));
}

function secondsOf(node: ASTNode | undefined): number {
  const given = node?.op === 'value' ? node.args : undefined;
  const seconds = typeof given === 'bigint' || typeof given === 'number' ? Number(given) : NaN;
  if (seconds > 0 && seconds <= MAX_WINDOW_S) return seconds;
  throw new Fault(node?.start ?? 0, `seconds as a plain number from above 0 to ${MAX_WINDOW_S}`);
}

const OWN = ['value', 'good', 'bad', 'quality', 'age', 'rate', 'mean', 'median', 'min', 'max', 'count'];
const FUNCTIONS = new Set([...OWN, 'held', 'inside', 'inside_for', 'abs', ...CEL_FUNCTIONS, ...CONVERSIONS]);

/** Throws a Fault at the first function that rules may not use. */
export function checkFunctions(node: ASTNode): void {
  if (node.op === 'call' || node.op === 'rcall') {
    const [name] = node.args;
    if (!FUNCTIONS.has(name))
      throw new Fault(node.start, `one of ${[...FUNCTIONS].join(', ')}, not ${name}()`, closest(name, FUNCTIONS));
  }
  for (const child of childrenOf(node.args)) checkFunctions(child);
}

function childrenOf(args: unknown): ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(childrenOf);
  return typeof args === 'object' && args !== null && 'op' in args ? [args as ASTNode] : [];
}
