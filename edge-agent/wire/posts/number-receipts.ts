/**
 * Which numbers of a device were taken, as receipts that are durable together with their readings. Pure.
 * The file of numbers is written after the readings; an agent killed in between finds here what it missed. A few ranges a device
 * are enough: in between are only the requests that waited for the same write.
 *   <connection>/taken/<device>/<slot>/from | to   both ends included
 */
import { type Receipts } from '../../adapter';
import { type Range, WINDOW } from '../sequence';

/** Ranges that are remembered of a device; one that counts by ones needs one. */
export const SLOTS = 8;

interface Newest {
  readonly slot: number;
  readonly from: number;
  readonly to: number;
}

const part = encodeURIComponent;

export class NumberReceipts {
  private readonly newest = new Map<string, Newest>();
  private readonly prefix: string;

  constructor(connection: string) {
    this.prefix = `${part(connection)}/taken/`;
  }

  /** Of numbers that are handed over now, behind those before. */
  of(device: string, numbers: readonly number[]): Receipts {
    const receipts = new Map<string, number>();
    for (const n of [...numbers].sort((a, b) => a - b)) {
      const range = withNext(this.newest.get(device), n);
      this.newest.set(device, range);
      const name = `${this.prefix}${part(device)}/${range.slot}`;
      receipts.set(`${name}/from`, range.from).set(`${name}/to`, range.to);
    }
    return receipts;
  }

  /** What an earlier life of the agent left, by device; its newest ranges are gone on with. */
  read(receipts: Receipts): Map<string, Range[]> {
    const found = new Map<string, Range[]>();
    for (const [name, from] of receipts) {
      if (!name.startsWith(this.prefix) || !name.endsWith('/from')) continue;
      const to = receipts.get(`${name.slice(0, -'from'.length)}to`);
      if (to === undefined) continue;
      const [address = '', slot] = name.slice(this.prefix.length).split('/');
      const device = decodeURIComponent(address);
      found.set(device, [...(found.get(device) ?? []), [from, to]]);
      if (to > (this.newest.get(device)?.to ?? -1)) this.newest.set(device, { slot: Number(slot), from, to });
    }
    return found;
  }
}

function withNext(newest: Newest | undefined, n: number): Newest {
  if (newest && n === newest.to + 1 && n - newest.from < WINDOW) return { ...newest, to: n };
  return { slot: newest ? (newest.slot + 1) % SLOTS : 0, from: n, to: n };
}
