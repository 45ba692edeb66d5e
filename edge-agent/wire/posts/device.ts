/** What a device may post, compiled from the profile. Pure. */
import { type Sample } from '../../adapter';
import { type DevicePlan, type PointKind } from '../../core/compile/plan';
import { type TimeUnit } from '../../core/profile/types-mqtt';
import { Quality } from '../../../schemas/quality';
import { at, steps, timeOf, valueOf } from '../payload';
import { type Entry } from './entries';
import { type PostSource } from './settings';

interface Point {
  readonly metric: string;
  readonly kind: PointKind;
  readonly path: readonly string[];
}

export class PostedDevice {
  private readonly points: readonly Point[];

  constructor(
    readonly plan: DevicePlan,
    private readonly time_unit: TimeUnit,
  ) {
    this.points = plan.points.map(({ metric, source }) => {
      const { kind, value } = source as PostSource;
      return { metric, kind, path: value === undefined ? [metric] : steps(value) };
    });
  }

  /** `now`: ms since 1970, the time of an entry that carries none. */
  samples({ ts, values, unit = this.time_unit }: Entry, now: number): Sample[] {
    const given = ts === undefined ? undefined : timeOf(unit, ts, now);
    const good = ts !== undefined && given === undefined ? Quality.uncertain : Quality.good;
    const moment = given ?? now;
    const device = this.plan.id;
    return this.points.flatMap(({ metric, kind, path }): Sample[] => {
      const data = at(values, path);
      if (data === undefined) return [];
      const value = valueOf(kind, data);
      if (value !== undefined) return [{ device, metric, at: moment, value, quality: good }];
      return [{ device, metric, at: moment, quality: data === null ? Quality.bad : Quality.notConverted }];
    });
  }
}

/** A bucket that fills at a rate: how often somebody may call. `now` is monotonic, ms. */
export class Bucket {
  private left: number;
  private filled_at = 0;

  constructor(
    private readonly per_s: number,
    private readonly burst: number,
  ) {
    this.left = burst;
  }

  take(now: number): boolean {
    this.left = Math.min(this.burst, this.left + ((now - this.filled_at) / 1_000) * this.per_s);
    this.filled_at = now;
    if (this.left < 1) return false;
    this.left--;
    return true;
  }
}
