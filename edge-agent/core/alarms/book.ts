/** All alarms of an agent, and what of them the platform is still to be told. Pure: time and names come in. */
import { type AlarmEvent } from '../../../schemas/generated';
import { type AlarmOrder, type AlarmState, change, isNews, isOver } from './alarm';

/** Alarms that can be raised or shelved at a time. */
export const MAX_ALARMS = 20_000;

export interface AlarmOwner {
  readonly tenant: string;
  readonly agent_id: string;
  /** Makes occurrences of this start differ from those of others. */
  readonly boot: string;
}

export class AlarmBook {
  private readonly alarms = new Map<string, AlarmState>();
  private count = 0;

  constructor(
    private readonly owner: AlarmOwner,
    alarms: readonly AlarmState[],
  ) {
    for (const a of alarms) this.alarms.set(key(a.device, a.alarm), a);
  }

  /** The event to be told, undefined when there is no news, a reason when the order cannot be followed. */
  apply(device: string, alarm: string, order: AlarmOrder, actor: string, now: number): AlarmEvent | undefined | string {
    const before = this.alarms.get(key(device, alarm));
    const name = { device, alarm, occurrence: before?.occurrence ?? `${alarm}-${this.owner.boot}-${this.count + 1}` };
    const after = change(before, order, name, now);
    if (typeof after === 'string') return after;
    if (!after || after === before) return undefined;
    if (!before && this.alarms.size >= MAX_ALARMS) return `more than ${MAX_ALARMS} alarms`;
    if (!before) this.count++;
    if (isOver(after)) this.alarms.delete(key(device, alarm));
    else this.alarms.set(key(device, alarm), after);
    return isNews(before, after) ? this.event(after, actor) : undefined;
  }

  /** Takes alarms off the shelf whose time is over. */
  expire(now: number): AlarmEvent[] {
    return this.states()
      .filter((a) => a.shelved_until !== null && a.shelved_until <= now)
      .flatMap(({ device, alarm }) => this.apply(device, alarm, { type: 'unshelve' }, this.actor, now))
      .filter((e) => typeof e === 'object');
  }

  /** Clears what nothing raises any more: `known` says which raisers there still are. */
  prune(known: (raiser: string) => boolean, now: number): AlarmEvent[] {
    return this.states()
      .flatMap(({ device, alarm, raisers }) =>
        raisers
          .filter((by) => !known(by))
          .map((by) => this.apply(device, alarm, { type: 'clear', by, value: null }, this.actor, now)),
      )
      .filter((e) => typeof e === 'object');
  }

  states(): AlarmState[] {
    return [...this.alarms.values()];
  }

  get actor(): string {
    return `agent:${this.owner.agent_id}`;
  }

  private event(a: AlarmState, actor: string): AlarmEvent {
    const { device: device_id, alarm, occurrence, at, priority, raisers, ...rest } = a;
    const { tenant, agent_id } = this.owner;
    return {
      ...{ tenant, device_id, agent_id, alarm, occurrence, at, priority, active: raisers.length > 0, actor },
      ...{ acknowledged: rest.acknowledged, shelved_until: rest.shelved_until, suppressed: false },
      ...{ out_of_service: false, value: rest.value, message: rest.message, seq: null },
      ...(rest.shelf_comment !== undefined && { shelf_comment: rest.shelf_comment }),
    };
  }
}

const key = (device: string, alarm: string): string => `${device}/${alarm}`;
