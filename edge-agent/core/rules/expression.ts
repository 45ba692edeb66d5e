/** A CEL text to something that runs: parsed and type-checked once, bounded in length, size and cost. */
import { Fault } from './fault';
import {
  checkFunctions,
  environmentFor,
  type Frame,
  MAX_EXPRESSION_CHARS,
  type PointRef,
  recordInto,
  type Recorder,
  refer,
  type Scope,
  unknownPoint,
  variablesIn,
} from './language';
import { type CelValue, known, Unknown } from './signal';

export interface Need {
  readonly point: number;
  readonly span_ms: number;
}

export interface Expression {
  readonly text: string;
  /** CEL's name of the result's type: bool, double, int, string. */
  readonly type: string;
  /** Points it speaks of; their signals are given in this order. */
  readonly points: readonly PointRef[];
  readonly windows: readonly Need[];
  /** Conditions of `held`, inner ones by themselves. */
  readonly held: readonly Expression[];
  /** The result may change without a sample: it is to be looked at as time goes by. */
  readonly timed: boolean;
  /** Undefined when a value it hangs on is not known, or it cannot be calculated (division by zero). */
  run(frame: Frame): CelValue | undefined;
}

/** Throws Fault. */
export function compileExpression(text: string, scope: Scope, types: readonly string[]): Expression {
  if (text.length > MAX_EXPRESSION_CHARS)
    throw new Fault(MAX_EXPRESSION_CHARS, `an expression of at most ${MAX_EXPRESSION_CHARS} characters`);
  const recorder: Recorder = { scope, points: [], windows: [], conditions: [], timed: false, frame: undefined };
  const variables = variablesIn(text, scope);
  const environment = environmentFor(variables);
  const { evaluate, type } = recordInto(recorder, () => {
    const parsed = asFault(() => environment.parse(text), scope);
    checkFunctions(parsed.ast);
    const checked = parsed.check();
    if (!checked.valid) throw faultOf(checked.error, scope);
    return { evaluate: parsed, type: checked.type ?? 'dyn' };
  });
  if (!types.includes(type)) throw new Fault(0, `a result that is ${types.join(' or ')}, not ${type}`);
  const context = contextOf(recorder, variables);
  const held = recorder.conditions.map((condition) => compileExpression(condition, scope, ['bool']));
  return {
    ...{ text, type, held },
    points: recorder.points,
    windows: recorder.windows,
    timed: recorder.timed,
    run(frame) {
      recorder.frame = frame;
      try {
        return evaluate(context) as CelValue;
      } catch (error) {
        if (error instanceof Unknown || isArithmetic(error)) return undefined;
        throw error;
      } finally {
        recorder.frame = undefined;
      }
    },
  };
}

/** Variables are read when CEL asks for them, so that a branch not taken may hang on a value not known. */
function contextOf(recorder: Recorder, variables: readonly PointRef[]): object {
  const context = {};
  for (const variable of variables) {
    const index = refer(recorder, variable);
    const get = (): CelValue => known(recorder.frame?.signals[index]).read();
    Object.defineProperty(context, variable.metric, { get, enumerable: true });
  }
  return context;
}

interface CelError {
  readonly name: string;
  readonly summary: string;
  readonly range?: { readonly start: number };
}

const isArithmetic = (error: unknown): boolean => (error as CelError).name === 'EvaluationError';

function asFault<T>(work: () => T, scope: Scope): T {
  try {
    return work();
  } catch (error) {
    throw faultOf(error, scope);
  }
}

function faultOf(error: unknown, scope: Scope): Fault {
  if (error instanceof Fault) return error;
  const { summary, range } = error as CelError;
  if (summary === undefined) throw error;
  const at = range?.start ?? 0;
  const variable = /^Unknown variable: (\S+)/.exec(summary)?.[1];
  if (variable !== undefined) return unknownPoint(at, variable, scope);
  const mixed = /no such overload: (double \S+ int|int \S+ double)/.test(summary);
  return new Fault(at, `valid CEL: ${summary}${mixed ? ' (numbers of points are doubles: write 5.0, not 5)' : ''}`);
}
