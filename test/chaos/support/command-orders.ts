/** The commands of a chaos run: each writes a value that no other writes to its device, so that the plant's record tells them apart. */
import { deviceOf, SLOT_COMMAND, unitOf } from '../../workflows/support/load-profile';
import { type Random } from './random';

export interface Order {
  readonly key: string;
  readonly device: string;
  readonly unit: number;
  readonly value: number;
  readonly qos: 1 | 2;
  readonly timeout_ms: number;
}

const SHORT_MS = 2_000;
/** One in so many gets a deadline that a restart of anything overruns. */
const SHORT_ONE_IN = 10;

export function orders(count: number, devices: number, timeout_ms: number, random: Random): Order[] {
  return Array.from({ length: count }, (_, n) => {
    const device = n % devices;
    return {
      key: `chaos-${n}`,
      device: deviceOf(device),
      unit: unitOf(device),
      value: 1 + Math.floor(n / devices),
      qos: random.below(2) === 0 ? 1 : 2,
      timeout_ms: random.below(SHORT_ONE_IN) === 0 ? SHORT_MS : timeout_ms,
    };
  });
}

export const bodyOf = ({ value, qos, timeout_ms }: Order): object => ({
  ...{ name: SLOT_COMMAND, args: { value }, qos, timeout_ms },
});
