/** One UDP port with the devices behind it, on npm @bacnet-js/client: the only file that knows the library. */
import BACnetClient, { type BACNetAddress, MaxApduLengthAccepted } from '@bacnet-js/client';
import { type AppData } from './codec';
import { type ObjectValues } from './answer';
import { type Below, Carrier } from './carrier';
import { MstpTransport } from './mstp/transport';
import { type ObjectId, Property } from './objects';
import { type PropertyRef, WHOLE } from './plan';
import { addressOf, RequestError } from './errors';
import { type BacnetSettings } from './settings';
import { Udp } from './udp';

export interface FoundDevice {
  readonly instance: number;
  readonly address: string;
  readonly vendor: number;
}

export interface ReadRequest {
  readonly object: ObjectId;
  readonly properties: readonly PropertyRef[];
}

/** Invoke ids are 8 bits for all devices together: more in flight could meet each other's answers. */
const MAX_IN_FLIGHT = 64;
/** A registration with a BBMD is renewed at this part of its time. */
const RENEW_AT = 0.5;

export class Network {
  private readonly stats = { requests: 0, timeouts: 0, notifications: 0 };
  private readonly client: BACnetClient;
  private readonly mstp: MstpTransport | undefined;
  private readonly carrier: Carrier;
  private readonly options: { readonly maxApdu?: number };
  private readonly found = new Set<(device: FoundDevice) => void>();
  private readonly waiting: (() => void)[] = [];
  private inFlight = 0;
  private closed = false;
  /** What ends the requests under way. */
  private readonly ends = new Set<(error: RequestError) => void>();
  private renewal: NodeJS.Timeout | undefined;

  constructor(
    private readonly settings: BacnetSettings,
    listener: {
      failed(error: Error): void;
      notified(address: string, values: ObjectValues): void;
    },
    below?: Below,
  ) {
    const { port, broadcast, timeout_ms, mstp, routers, bbmd } = settings;
    // A frame of MS/TP holds less than a datagram: what is longer comes in segments.
    this.options = mstp ? { maxApdu: MaxApduLengthAccepted.OCTETS_480 } : {};
    this.mstp = mstp && new MstpTransport(mstp);
    this.carrier = new Carrier(below ?? this.mstp ?? new Udp(settings, broadcast), {
      routers: new Map(routers.map((r) => [r.network, r.address])),
      ...(bbmd && { bbmd: bbmd.address }),
      now: () => performance.now(),
    });
    this.client = new BACnetClient({ port, apduTimeout: timeout_ms, transport: this.carrier });
    this.client.on('error', (error) => listener.failed(error));
    const notified = ({ header, payload }: Notified): void => {
      this.stats.notifications++;
      const values = payload.values.map(({ property, value }) => ({ id: property.id, index: WHOLE, value }));
      listener.notified(header?.sender?.address ?? '', { object: payload.monitoredObjectId, values });
    };
    this.client.on('covNotifyUnconfirmed', (n) => notified(n as Notified));
    this.client.on('iAm', ({ header, payload }: IAm) => {
      const { deviceId, vendorId } = payload;
      const address = addressOf(header?.sender?.address ?? '');
      for (const tell of this.found) tell({ instance: deviceId, address, vendor: vendorId });
    });
    if (settings.bbmd) this.register(settings.bbmd);
  }

  counters(): Readonly<Record<string, number>> {
    return { ...this.stats, ...this.carrier.stats, ...this.mstp?.stats };
  }

  /** Throws RequestError. Falls back to one property after the other where the device cannot do several. */
  async read(address: string, requests: readonly ReadRequest[], one: boolean): Promise<ObjectValues[]> {
    if (one) return this.readSingly(address, requests);
    const asked = requests.map(({ object, properties }) => ({ objectId: object, properties: [...properties] }));
    const { values } = await this.ask(() => this.client.readPropertyMultiple(to(address), asked, this.options));
    return values.map((v) => ({
      object: v.objectId,
      values: v.values.map(({ id, index, value }) => ({ id, index, value: value as readonly AppData[] })),
    }));
  }

  private async readSingly(address: string, requests: readonly ReadRequest[]): Promise<ObjectValues[]> {
    const answers: ObjectValues[] = [];
    for (const { object, properties } of requests)
      for (const { id, index } of properties)
        try {
          const { values } = await this.ask(() =>
            this.client.readProperty(to(address), object, id, { arrayIndex: index, ...this.options }),
          );
          answers.push({ object, values: [{ id, index, value: values as readonly AppData[] }] });
        } catch (error) {
          // An object without this property is no reason to give up the others.
          if (!(error instanceof RequestError) || error.kind !== 'refused') throw error;
          answers.push({ object, values: [{ id, index, value: [{ type: 105, value: error.message }] }] });
        }
    return answers;
  }

  /** Writes the present value at a priority. Throws RequestError. */
  async write(address: string, object: ObjectId, data: AppData, priority: number): Promise<void> {
    await this.ask(() =>
      this.client.writeProperty(to(address), object, Property.presentValue, [data as never], {
        priority,
        ...this.options,
      }),
    );
  }

  /** Asks for unconfirmed notifications for `lifetime_s`. Throws RequestError. */
  async subscribe(address: string, object: ObjectId, process: number, lifetime_s: number): Promise<void> {
    await this.ask(() => this.client.subscribeCov(to(address), object, process, false, false, lifetime_s));
  }

  /** Tells what answers to Who-Is until the returned function is called. */
  discover(tell: (device: FoundDevice) => void, instance?: number): () => void {
    this.found.add(tell);
    const range = instance === undefined ? {} : { lowLimit: instance, highLimit: instance };
    try {
      if (this.settings.bbmd) this.client.whoIsThroughBBMD(to(this.settings.bbmd.address), range);
      else this.client.whoIs(range);
    } catch (cause) {
      // A socket that could not be opened throws at once.
      this.found.delete(tell);
      throw new RequestError('closed', `Who-Is: ${(cause as Error).message}`, { cause });
    }
    return () => void this.found.delete(tell);
  }

  /** A device does not answer: what leads to it may have changed. */
  forget(address: string): void {
    this.carrier.forget(address);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.renewal);
    for (const end of this.ends) end(new RequestError('closed', 'the agent is stopping'));
    this.client.close();
  }

  private register({ address, ttl_s }: NonNullable<BacnetSettings['bbmd']>): void {
    const again = (): void => {
      // A BBMD that does not answer is asked again: requests to known addresses work without it.
      void this.client.registerForeignDevice(to(address), ttl_s).catch(() => undefined);
      this.renewal = setTimeout(again, ttl_s * 1_000 * RENEW_AT);
    };
    this.client.once('listening', again);
  }

  private async ask<T>(start: () => Promise<T>): Promise<T> {
    while (this.inFlight >= MAX_IN_FLIGHT) await new Promise<void>((resolve) => this.waiting.push(resolve));
    if (this.closed) throw new RequestError('closed', 'the agent is stopping');
    this.inFlight++;
    this.stats.requests++;
    let end: (error: RequestError) => void = () => undefined;
    try {
      // No race with a promise that lives as long as the network: it would keep every answer there ever was.
      return await new Promise<T>((resolve, reject) => {
        this.ends.add((end = reject));
        start().then(resolve, reject);
      });
    } catch (cause) {
      throw this.explained(cause as Error);
    } finally {
      this.ends.delete(end);
      this.inFlight--;
      this.waiting.shift()?.();
    }
  }

  private explained(cause: Error): RequestError {
    if (cause instanceof RequestError) return cause;
    if (/ERR_TIMEOUT/.test(cause.message)) {
      this.stats.timeouts++;
      return new RequestError('timeout', `no answer within ${this.settings.timeout_ms} ms`, { cause });
    }
    if (/BacnetError|BacnetAbort|BacnetReject|Abort|Reject/i.test(cause.message))
      return new RequestError('refused', cause.message, { cause });
    return new RequestError('bad-response', cause.message, { cause });
  }
}

interface Notified {
  readonly header?: { readonly sender?: { readonly address?: string } };
  readonly payload: {
    readonly monitoredObjectId: ObjectId;
    readonly values: readonly { readonly property: { readonly id: number }; readonly value: readonly AppData[] }[];
  };
}
interface IAm {
  readonly header?: { readonly sender?: { readonly address?: string } };
  readonly payload: { readonly deviceId: number; readonly vendorId: number };
}

const to = (address: string): BACNetAddress => ({ address });
