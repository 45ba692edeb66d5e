/**
 * The last data of frames that are written to by id: a write changes its own signal, and the others stay. Not so with
 * J1939, where "not available" is what a device leaves alone, nor with selectors, where other signals have the same bits.
 */
import { type DevicePlan } from '../../core/compile/plan';
import { type CanFrame } from './frame';
import { type CanSource } from './settings';

export class LastFrames {
  /** Undefined until the frame was on the bus. */
  private data = new Map<string, Buffer | undefined>();

  /** Frames of these devices; the others are forgotten. */
  follow(devices: readonly DevicePlan[]): void {
    const before = this.data;
    const sources = devices.flatMap(({ points }) => points.flatMap((p) => (p.writable ? [p.source as CanSource] : [])));
    const keys = sources.flatMap((source) => keyOf(source) ?? []);
    this.data = new Map(keys.map((key) => [key, before.get(key)]));
  }

  /** On the bus, whoever sent it. */
  seen({ id, extended, remote, data }: CanFrame): void {
    const key = `${id} ${extended}`;
    if (!remote && this.data.has(key)) this.data.set(key, Buffer.from(data));
  }

  dataOf(source: CanSource): Buffer | undefined {
    return this.data.get(keyOf(source) ?? '');
  }
}

function keyOf({ write: { address, when } }: CanSource): string | undefined {
  return 'pgn' in address || when.length > 0 ? undefined : `${address.id} ${address.extended}`;
}
