/** Expressions joined to the signals they speak of. */
import { type Expression } from './expression';
import { type PointRef } from './language';
import { type CelValue, Signal } from './signal';

/** Where a device is; undefined outside the fence. Throws UNKNOWN when its position is not known. */
export type Whereabouts = (device: string, fence: string, now: number) => number | undefined;

/** The signals of all rules, one for each point that any of them speaks of. */
export class Board {
  private readonly devices = new Map<string, Map<string, Signal>>();

  of({ device, metric, kind }: PointRef): Signal {
    const metrics = this.devices.get(device) ?? new Map<string, Signal>();
    this.devices.set(device, metrics);
    const signal = metrics.get(metric) ?? new Signal(kind);
    metrics.set(metric, signal);
    return signal;
  }

  all(device: string): Iterable<Signal> {
    return this.devices.get(device)?.values() ?? [];
  }

  find(device: string, metric: string): Signal | undefined {
    return this.devices.get(device)?.get(metric);
  }
}

/** An expression at work for one device: it remembers since when its `held` conditions hold. */
export class Bound {
  readonly signals: readonly Signal[];
  private readonly conditions: readonly Bound[];
  private readonly since: (number | undefined)[] = [];

  constructor(
    private readonly expression: Expression,
    private readonly device: string,
    board: Board,
    private readonly whereabouts: Whereabouts,
  ) {
    this.signals = expression.points.map((p) => board.of(p));
    for (const { point, span_ms } of expression.windows) this.signals[point]?.window(span_ms);
    this.conditions = expression.held.map((h) => new Bound(h, device, board, whereabouts));
  }

  /** Undefined when it is not known. */
  run(now: number): CelValue | undefined {
    const held = this.conditions.map((condition, i) => {
      const since = condition.run(now) === true ? (this.since[i] ?? now) : undefined;
      this.since[i] = since;
      return since === undefined ? 0 : (now - since) / 1_000;
    });
    const inside = (fence: string): number | undefined => this.whereabouts(this.device, fence, now);
    return this.expression.run({ now, signals: this.signals, held, inside });
  }
}
