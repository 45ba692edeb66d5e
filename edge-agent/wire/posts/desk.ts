/** Where devices that come to the agent are known by their secrets, held to their rate, and relieved of their readings once. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Receipts, type Sample } from '../../adapter';
import { isClaimCode, mayBeDevice, type TakeClaim } from '../../core/claims';
import { type Clock } from '../../core/clock';
import { type ConnectionPlan, type DevicePlan } from '../../core/compile/plan';
import { type HeardDevices } from '../heard';
import { type Intake, MAX_WAITING_BATCHES } from '../intake';
import { PayloadError } from '../payload';
import { SequenceFile } from '../sequence-file';
import { Strangers } from '../strangers';
import { secretOf } from '../tls';
import { Bucket, PostedDevice } from './device';
import { type Entry } from './entries';
import { NumberReceipts } from './number-receipts';
import { type DeskSettings, type PostingDevice } from './settings';

export interface DeskDeps {
  readonly clock: Clock;
  /** File that remembers sequence numbers; absent: only while the process lives. */
  readonly sequences?: string;
  readonly receipts?: () => Receipts;
  readonly claim?: TakeClaim;
}

/** Claims of a connection, in a second and at once; and how many the platform is asked about at the same time. */
const [CLAIMS_PER_S, CLAIMS_AT_ONCE, CLAIMS_UNDER_WAY] = [1, 10, 8];

export type Claimed = { readonly kind: 'granted'; readonly token: string } | { readonly kind: Refusal };

interface Device {
  readonly posted: PostedDevice;
  /** Digest; absent when its file cannot be read: nobody is let in then. */
  readonly token: Buffer | undefined;
  readonly bucket: Bucket;
  /** Sequence numbers whose readings are on their way to the disk. */
  readonly underWay: Map<number, Promise<void>>;
}

export type Refusal = 'unauthorized' | 'excluded' | 'limited' | 'full';

export const REFUSED: Readonly<Record<Refusal, string>> = {
  unauthorized: 'the name and the token of the device',
  excluded: 'the device is suspended or decommissioned',
  limited: 'too many requests',
  full: 'the agent has no room now',
};

/** After this long it may be worth another attempt, s. */
export const RETRY_S = 1;

export type Taken =
  | { readonly kind: 'taken'; readonly taken: number; readonly again: number }
  | { readonly kind: 'refused'; readonly reason: 'gone' | 'malformed' | 'too-old'; readonly detail: string };

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

export class Desk {
  readonly strangers = new Strangers();
  readonly counts: Record<string, number> = {};
  /** Set while the agent takes readings. */
  intake: Intake | undefined;
  lastError = '';
  private readonly clock: Clock;
  private readonly sequences: SequenceFile;
  private readonly receipts: NumberReceipts;
  private readonly claiming: TakeClaim | undefined;
  private readonly claims = new Bucket(CLAIMS_PER_S, CLAIMS_AT_ONCE);
  private claimsUnderWay = 0;
  private devices: ReadonlyMap<string, Device> = new Map();

  constructor(
    private readonly connection: string,
    private readonly settings: DeskSettings,
    private readonly heard: HeardDevices,
    { clock, sequences, receipts, claim }: DeskDeps,
  ) {
    this.clock = clock;
    this.claiming = claim;
    this.sequences = new SequenceFile(sequences);
    this.receipts = new NumberReceipts(connection);
    // What was durable and not yet in the file when an earlier life of the agent ended.
    for (const [device, ranges] of this.receipts.read(receipts?.() ?? new Map()))
      for (const [from, to] of ranges) this.sequences.of(device).addRange(from, to);
    const names = ['requests', 'entries', 'repeated', 'unauthorized', 'excluded', 'limited', 'malformed', 'too_old'];
    for (const name of [...names, 'unknown_metric', 'claimed', 'claims_refused']) this.counts[name] = 0;
  }

  adopt(connection: ConnectionPlan): void {
    const { rate_per_s, burst, time_unit } = this.settings;
    const before = new Map([...this.devices.values()].map((d) => [d.posted.plan.id, d] as const));
    this.strangers.forget();
    this.devices = new Map(
      connection.devices.map((plan) => {
        const { address, token, token_file } = plan.settings as PostingDevice;
        const secret = token_file === undefined ? token : this.secret(token_file);
        const underWay = before.get(plan.id)?.underWay ?? new Map<number, Promise<void>>();
        const bucket = before.get(plan.id)?.bucket ?? new Bucket(rate_per_s, burst);
        return [
          address,
          { posted: new PostedDevice(plan, time_unit), token: secret ? digest(secret) : undefined, bucket, underWay },
        ] as const;
      }),
    );
  }

  planOf(address: string): DevicePlan | undefined {
    return this.devices.get(address)?.posted.plan;
  }

  /** Unknown devices and wrong tokens get the same answer: nobody learns which devices there are. */
  identify(address: string, token: string): Refusal | undefined {
    const device = this.devices.get(address);
    const known = device?.token !== undefined && token !== '' && timingSafeEqual(digest(token), device.token);
    if (!device || !known) {
      this.count('unauthorized');
      if (!device) this.strangers.met(address);
      return 'unauthorized';
    }
    if (!this.heard.isExcluded(device.posted.plan.id)) return undefined;
    this.count('excluded');
    return 'excluded';
  }

  /**
   * A device that is not in the profile shows a claim code, and gets a secret of its own. A wrong code is answered as a wrong token
   * is. A device that the profile gave its secret to is not claimed.
   */
  async claim(id: string, code: string): Promise<Claimed> {
    const { claims } = this.settings;
    if (!claims || !this.claiming || !isClaimCode(code) || !mayBeDevice(id))
      return { kind: this.identify(id, '') ?? 'unauthorized' };
    if (!this.claims.take(this.clock.monotonic())) return this.notClaimed('limited');
    if (this.claimsUnderWay >= CLAIMS_UNDER_WAY) return this.notClaimed('full');
    this.claimsUnderWay++;
    try {
      const listed = this.devices.has(id);
      const verdict = await this.claiming({ ...claims, connection: this.connection, id, code, listed });
      if (verdict.kind === 'granted') {
        this.count('claimed');
        return verdict;
      }
      this.lastError = `the claim of ${id}: ${verdict.why}`;
      return this.notClaimed(verdict.kind === 'refused' ? 'unauthorized' : 'full');
    } finally {
      this.claimsUnderWay--;
    }
  }

  private notClaimed(kind: Refusal): Claimed {
    this.count('claims_refused');
    return { kind };
  }

  /** One request of a device that is who it says: is there room for it now? */
  admit(address: string): Refusal | undefined {
    this.count('requests');
    const full = (this.intake?.size ?? 0) >= MAX_WAITING_BATCHES;
    if (!full && this.devices.get(address)?.bucket.take(this.clock.monotonic()) === true) return undefined;
    this.count('limited');
    return full ? 'full' : 'limited';
  }

  /** All entries or none. Resolves when they are durable, and so are their numbers. */
  async take(address: string, decode: () => readonly Entry[]): Promise<Taken> {
    const device = this.devices.get(address);
    if (!device) return { kind: 'refused', reason: 'gone', detail: 'the device is not in the profile any more' };
    try {
      return await this.enter(device, decode());
    } catch (error) {
      if (!(error instanceof PayloadError)) throw error;
      this.count('malformed');
      this.heard.error(device.posted.plan.id, error.message);
      return { kind: 'refused', reason: 'malformed', detail: error.message };
    }
  }

  /** Resolves when the samples are durable; at once when there are none. */
  hand(device: string, samples: readonly Sample[], receipts?: Receipts): Promise<void> {
    this.heard.heard(device, samples, this.clock.monotonic(), this.clock.now());
    if (samples.length === 0 || !this.intake) return Promise.resolve();
    return new Promise((resolve) => this.intake?.push({ samples, ack: resolve, ...(receipts && { receipts }) }));
  }

  count(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }

  /** Resolves when nothing is being written any more. */
  settled(): Promise<void> {
    return this.sequences.settled();
  }

  private async enter({ posted, underWay }: Device, entries: readonly Entry[]): Promise<Taken> {
    const sequence = this.sequences.of(posted.plan.id);
    const old = entries.find((e) => e.seq !== undefined && sequence.judge(e.seq) === 'too-old');
    if (old) {
      this.count('too_old');
      const detail = `seq ${old.seq} is too old to tell whether it was taken: nothing of the request was`;
      return { kind: 'refused', reason: 'too-old', detail };
    }
    const fresh: Entry[] = [];
    const others: Promise<void>[] = [];
    const mine = new Set<number>();
    for (const entry of entries) {
      const { seq } = entry;
      const before = seq === undefined ? undefined : underWay.get(seq);
      if (before) others.push(before);
      else if (seq === undefined || (!mine.has(seq) && sequence.judge(seq) === 'new')) fresh.push(entry);
      if (seq !== undefined && !before) mine.add(seq);
    }
    const numbers = fresh.flatMap((e) => (e.seq === undefined ? [] : [e.seq]));
    const done = this.read(posted, fresh, numbers).then(() => {
      for (const seq of numbers) sequence.add(seq);
      return numbers.length > 0 ? this.sequences.flush() : undefined;
    });
    for (const seq of numbers) underWay.set(seq, done);
    try {
      await Promise.all([done, ...others]);
    } finally {
      for (const seq of numbers) underWay.delete(seq);
    }
    const again = entries.length - fresh.length;
    this.count('entries', fresh.length);
    this.count('repeated', again);
    return { kind: 'taken', taken: fresh.length, again };
  }

  private read(posted: PostedDevice, entries: readonly Entry[], numbers: readonly number[]): Promise<void> {
    if (entries.length === 0) return Promise.resolve();
    const now = this.clock.now();
    const samples = entries.flatMap((entry) => posted.samples(entry, now));
    if (samples.length === 0) this.count('unknown_metric');
    const { id } = posted.plan;
    return this.hand(id, samples, numbers.length > 0 ? this.receipts.of(id, numbers) : undefined);
  }

  /** One file that is missing must not keep the other devices out. */
  private secret(file: string): string | undefined {
    try {
      return secretOf(file);
    } catch (error) {
      this.lastError = (error as Error).message;
      return undefined;
    }
  }
}
