/**
 * What is asked while registries die: mostly what a device may be granted, going by what was answered last, sometimes anything,
 * and now and then the same again. A device that has ended is followed by another one, so that lives do not run out.
 */
import { allowedMoves, type From, REQUEST_TYPES, type RequestType } from '../../../services/domain/device';
import { type Random } from '../../chaos/support/random';
import { type Wish } from './asker';

/** Of 100 wishes, those that do not go by the device's state. */
const ANYTHING_PERCENT = 25;
const REPEATED_PERCENT = 3;
/** Of those sent alone, those that name the version they are meant for. */
const VERSIONED_PERCENT = 10;
/** Of fresh devices, those brought into service in one go, as uploads do. */
const IN_ONE_GO_PERCENT = 40;
/** Wishes remembered to be repeated. */
const REMEMBERED = 64;

interface Slot {
  readonly device_id: string;
  readonly state: From;
  readonly version: number;
}

export class Wishes {
  private readonly slots = new Map<number, Slot>();
  private readonly recent: Wish[] = [];
  private made = 0;

  /** `devices`: that live at the same time. */
  constructor(
    private readonly random: Random,
    private readonly devices: number,
  ) {}

  /** `n` of them or a few more. `alone`: each will be a record of its own. */
  some(n: number, alone: boolean): Wish[] {
    const wishes: Wish[] = [];
    while (wishes.length < n) wishes.push(...this.next(alone));
    return wishes;
  }

  /** `state` is empty where there is no such device. */
  learned(device_id: string, state: string, version: number): void {
    const [, slot = 0, generation = 0] = device_id.split('-').map(Number);
    const known = this.slots.get(slot);
    if (known && (known.device_id !== device_id || known.version > version)) return;
    const next =
      state === 'decommissioned'
        ? fresh(slot, generation + 1)
        : { device_id, state: (state || 'none') as From, version };
    this.slots.set(slot, next);
  }

  private next(alone: boolean): Wish[] {
    if (this.recent.length > 0 && this.percent(REPEATED_PERCENT)) return [this.random.pick(this.recent)];
    const number = this.random.below(this.devices);
    const slot = this.slots.get(number) ?? fresh(number, 0);
    if (slot.state === 'none' && this.percent(IN_ONE_GO_PERCENT))
      return (['register', 'provision', 'activate'] as const).map((type) => this.wish(slot, type, false));
    const types = this.percent(ANYTHING_PERCENT) ? REQUEST_TYPES : allowedMoves(slot.state);
    return [this.wish(slot, this.random.pick(types), alone && this.percent(VERSIONED_PERCENT))];
  }

  private wish({ device_id, version }: Slot, type: RequestType, versioned: boolean): Wish {
    const request_id = `r-${++this.made}`;
    const data = argumentsOf(type, request_id, this.random.pick(['agent-1', 'agent-2']));
    const wish = { request_id, device_id, type, data, reason: 'chaos', expected_version: versioned ? version : null };
    // What names a version is repeated alone only, so it is not remembered: batches cannot say it.
    if (!versioned) this.remember(wish);
    return wish;
  }

  private remember(wish: Wish): void {
    this.recent.push(wish);
    if (this.recent.length > REMEMBERED) this.recent.shift();
  }

  private percent(share: number): boolean {
    return this.random.below(100) < share;
  }
}

const fresh = (slot: number, generation: number): Slot => ({
  device_id: `device-${slot}-${generation}`,
  state: 'none',
  version: 0,
});

/** Arguments that may be granted, so that it is the states that decide. */
function argumentsOf(type: RequestType, id: string, agent_id: string): object {
  switch (type) {
    case 'register':
      return { agent_id };
    case 'update':
      return { name: id };
    case 'replace':
      return { serial: id };
    case 'configure':
      return { config: { id } };
    case 'report-config':
      return { config: { id }, config_version: 0 };
    default:
      return {};
  }
}
