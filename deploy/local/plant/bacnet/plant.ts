/** Two BACnet devices on loopback, on npm @bacnet-js/client, with a fault dial. Same process as the Modbus plant. */
import { createSocket, type Socket } from 'node:dgram';
import BACnetClient, { type BACNetReadAccess } from '@bacnet-js/client';
import { type Fault, parseFault } from '../modbus/faults';
import { boilerAt, initialState, meterAt, obey, type PlantState } from '../modbus/process';
import { rebooted } from '../boiler';

export interface BacnetPlantOptions {
  readonly host: string;
  /** Of the boiler. */
  readonly port: number;
  /** By default the next. */
  readonly meter_port?: number;
  readonly dataDir: string;
  /** What carries the boiler's messages instead of UDP, such as a serial line; the meter is not there then. */
  readonly transport?: () => object;
  /** Refuses ReadPropertyMultiple, as small devices do. */
  readonly simple?: boolean;
}

export interface PlantWrite {
  readonly at: number;
  readonly object: string;
  readonly value: unknown;
  readonly priority: number;
}

interface Data {
  readonly type: number;
  readonly value: unknown;
}
type Read = (id: number, index: number) => Data | undefined;

const TAG = { null: 0, unsigned: 2, real: 4, string: 7, bits: 8, enumerated: 9, object: 12 } as const;
const PRESENT = 85;
const PRIORITIES = 87;
const FLAGS = 111;
const READ_PROPERTY = 12;
const READ_PROPERTY_MULTIPLE = 14;
const WRITE_PROPERTY = 15;
const SUBSCRIBE_COV = 5;
const DEVICE_FAILURE: readonly [errorClass: number, errorCode: number] = [0, 25];
const UNKNOWN_OBJECT: readonly [errorClass: number, errorCode: number] = [1, 31];
const LOWEST_PRIORITY = 16;
/** A client is there while it was heard this lately, ms. */
const HEARD_MS = 250;
/** Setpoint while nothing is commanded. */
const RELINQUISH_DEFAULT_CEL = 65;
const COV_TICK_MS = 100;
/** Bit of Status_Flags, the first the lowest as the library has them. */
const FAULTY = 2;
export const INSTANCES = { boiler: 1001, meter: 1002 } as const;

export class BacnetPlant {
  readonly writes: { count: number; last: PlantWrite | undefined } = { count: 0, last: undefined };
  readonly faults = {
    current: { kind: 'none' } as Fault,
    take: (data: unknown): void => this.misbehave(parseFault(data)),
    set: (fault: Fault): void => this.misbehave(fault),
  };
  private state: PlantState = initialState(Date.now());
  /** What is commanded of the boiler's setpoint, by priority; the last is the default. */
  private readonly commanded: (number | null)[] = Array.from({ length: LOWEST_PRIORITY + 1 }, () => null);
  private servers: BACnetClient[] = [];
  private readonly heard = new Map<string, number>();
  private tick: NodeJS.Timeout | undefined;

  constructor(private readonly options: BacnetPlantOptions) {}

  get running(): boolean {
    return this.servers.length > 0;
  }

  /** Clients that were heard a moment ago: UDP knows no connections. */
  get connections(): number {
    return [...this.heard.values()].filter((at) => at > Date.now() - HEARD_MS).length;
  }

  async start(): Promise<void> {
    const { port, meter_port = port + 1, transport } = this.options;
    const servers = [this.serve(port, INSTANCES.boiler, (type, n) => this.boiler(type, n))];
    if (!transport) servers.push(this.serve(meter_port, INSTANCES.meter, (type, n) => this.meter(type, n)));
    this.servers = await Promise.all(servers);
  }

  stop(): Promise<void> {
    clearInterval(this.tick);
    for (const server of this.servers.splice(0)) server.close();
    return Promise.resolve();
  }

  reboot(down_ms: number): Promise<void> {
    return rebooted(this, down_ms);
  }

  private misbehave(fault: Fault): void {
    this.faults.current = fault;
    if (fault.kind !== 'garbage') return;
    const socket: Socket = createSocket('udp4');
    for (const client of this.heard.keys()) {
      const [address = '', port = '47808'] = client.split(':');
      for (const hex of ['810a', '810a00ff0100', '00112233', '810a000a01003000ff02'])
        socket.send(Buffer.from(hex, 'hex'), Number(port), address);
    }
    setTimeout(() => socket.close(), COV_TICK_MS);
  }

  private boiler(type: number, instance: number): Read | undefined {
    const now = Date.now();
    const b = boilerAt(this.state, now);
    switch (`${type},${instance}`) {
      case '0,1':
        return object({ type: TAG.real, value: b.temperature_cel });
      case '0,2':
        // Its sensor is broken.
        return object({ type: TAG.real, value: b.flue_cel }, FAULTY);
      case '3,1':
        return object({ type: TAG.enumerated, value: Number(b.flame) });
      case '40,1':
        return object({ type: TAG.string, value: 'MILLRACE' });
      case '19,1':
        return object({ type: TAG.unsigned, value: 3 });
      case '2,1':
        return (id, index) => {
          if (id === PRIORITIES) return slot(this.commanded[index] ?? null);
          return object({ type: TAG.real, value: this.setpoint() })(id, index);
        };
      default:
        return undefined;
    }
  }

  private meter(type: number, instance: number): Read | undefined {
    const { power_w, energy_wh } = meterAt(Date.now());
    if (type === 0 && instance === 1) return object({ type: TAG.real, value: power_w });
    if (type === 48 && instance === 1) return object({ type: TAG.unsigned, value: Number(energy_wh % 2n ** 32n) });
    return undefined;
  }

  private setpoint(): number {
    return this.commanded.find((v) => v !== null) ?? RELINQUISH_DEFAULT_CEL;
  }

  private serve(
    port: number,
    instance: number,
    find: (type: number, instance: number) => Read | undefined,
  ): Promise<BACnetClient> {
    const { host, transport } = this.options;
    const carrier = transport && { transport: transport() };
    const server = new BACnetClient({
      ...{ port, interface: host, broadcastAddress: host, apduTimeout: 1_000 },
      ...carrier,
    });
    const subscribers = new Map<
      string,
      { address: string; type: number; instance: number; process: number; told: unknown }
    >();
    // Any request: whether it is answered is the dial's.
    const answering = (sender: string): boolean => {
      this.heard.set(sender, Date.now());
      return this.faults.current.kind !== 'drop';
    };
    // The library's types leave open what a request always has.
    const on = server.on.bind(server) as unknown as (name: string, handle: (request: never) => void) => void;
    on('whoIs', ({ header, payload }: Request<{ lowLimit?: number; highLimit?: number }>) => {
      const { lowLimit = 0, highLimit = 4_194_303 } = payload;
      const { address } = header.sender;
      if (answering(address) && instance >= lowLimit && instance <= highLimit)
        server.iAmResponse({ address }, instance, 3, 260);
    });
    on('readProperty', (request: ReadOne) => {
      const { header, invokeId, payload } = request;
      const to = { address: header.sender.address };
      if (!answering(to.address)) return;
      const { objectId, property } = payload;
      const value = find(objectId.type, objectId.instance)?.(property.id, property.index);
      const [errorClass, code] = this.faults.current.kind === 'exception' ? DEVICE_FAILURE : UNKNOWN_OBJECT;
      if (!value || this.faults.current.kind === 'exception')
        return server.errorResponse(to, READ_PROPERTY, invokeId, errorClass, code);
      server.readPropertyResponse(to, invokeId, objectId, property, [value as never]);
    });
    on('readPropertyMultiple', (request: ReadMany) => {
      const { header, invokeId, payload } = request;
      const to = { address: header.sender.address };
      if (!answering(to.address)) return;
      if (this.options.simple || this.faults.current.kind === 'exception')
        return server.errorResponse(to, READ_PROPERTY_MULTIPLE, invokeId, ...DEVICE_FAILURE);
      const values = payload.properties.map(({ objectId, properties }) => ({
        objectId,
        values: properties.map((property) => {
          const value = find(objectId.type, objectId.instance)?.(property.id, property.index);
          const [errorClass, errorCode] = UNKNOWN_OBJECT;
          return {
            property,
            value: [value ?? { type: TAG.null, value: { type: 'BacnetError', errorClass, errorCode } }],
          };
        }),
      }));
      server.readPropertyMultipleResponse(to, invokeId, values as unknown as BACNetReadAccess[]);
    });
    on('writeProperty', (request: WriteOne) => {
      const { header, invokeId, payload } = request;
      const to = { address: header.sender.address };
      const { type, instance: n } = payload.objectId;
      const isSetpoint = instance === INSTANCES.boiler && type === 2 && n === 1;
      const written = payload.value.value[0]?.value as number | null | undefined;
      if (isSetpoint) this.write(`${type},${n}`, written ?? null, payload.value.priority || LOWEST_PRIORITY);
      if (!answering(to.address)) return;
      if (isSetpoint) server.simpleAckResponse(to, WRITE_PROPERTY, invokeId);
      else server.errorResponse(to, WRITE_PROPERTY, invokeId, 2, 40);
    });
    on('subscribeCov', (request: Subscribe) => {
      const { header, invokeId, payload } = request;
      const { address } = header.sender;
      if (!answering(address)) return;
      const { type, instance: n } = payload.monitoredObjectId;
      if (!find(type, n)) return server.errorResponse({ address }, SUBSCRIBE_COV, invokeId, ...UNKNOWN_OBJECT);
      server.simpleAckResponse({ address }, SUBSCRIBE_COV, invokeId);
      const process = payload.subscriberProcessId;
      subscribers.set(`${address} ${type},${n}`, { address, type, instance: n, process, told: undefined });
    });
    const tick = setInterval(() => {
      for (const s of subscribers.values()) {
        const read = find(s.type, s.instance);
        const value = read?.(PRESENT, 0);
        if (!value || value.value === s.told || this.faults.current.kind !== 'none') continue;
        s.told = value.value;
        const values = [PRESENT, FLAGS].map((id) => ({ property: { id }, value: [read?.(id, 0) as never] }));
        const monitored = { type: s.type, instance: s.instance };
        server.unconfirmedCOVNotification({ address: s.address }, s.process, instance, monitored, 300, values);
      }
    }, COV_TICK_MS);
    return new Promise((resolve, reject) => {
      server.once('listening', () => resolve(server));
      server.once('error', (error: Error) => {
        clearInterval(tick);
        reject(error);
      });
      const close = server.close.bind(server);
      server.close = () => {
        clearInterval(tick);
        close();
      };
    });
  }

  private write(node: string, value: number | null, priority: number): void {
    this.commanded[priority] = value;
    this.state = obey(this.state, { kind: 'setpoint', value: this.setpoint() }, Date.now());
    this.writes.count++;
    this.writes.last = { at: Date.now(), object: node, value, priority };
  }
}

interface Header {
  readonly sender: { readonly address: string };
}
interface Id {
  readonly type: number;
  readonly instance: number;
}
interface Ref {
  readonly id: number;
  readonly index: number;
}
interface Request<P> {
  readonly header: Header;
  readonly invokeId: number;
  readonly payload: P;
}
type ReadOne = Request<{ objectId: Id; property: Ref }>;
type ReadMany = Request<{ properties: { objectId: Id; properties: Ref[] }[] }>;
type WriteOne = Request<{ objectId: Id; value: { value: Data[]; priority: number } }>;
type Subscribe = Request<{ subscriberProcessId: number; monitoredObjectId: Id }>;

const object =
  (present: Data, flags = 0): Read =>
  (id) => {
    if (id === PRESENT) return present;
    if (id === FLAGS) return { type: TAG.bits, value: { bitsUsed: 4, value: [flags] } };
    return undefined;
  };

const slot = (value: number | null): Data =>
  value === null ? { type: TAG.null, value: null } : { type: TAG.real, value };
