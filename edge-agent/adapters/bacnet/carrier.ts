/**
 * What is between npm @bacnet-js/client and the wire, in the place of the library's own socket: devices behind routers, answers in
 * segments, and nothing for the library that is not well formed. It adds network numbers to what goes out and takes them off
 * what comes in, so that a device behind a router is one more address for the library.
 */
import { EventEmitter } from 'node:events';
import { addressOf } from './errors';
import { Bvlc, type Datagram, decodeDatagram, decodeNpdu, encodeDatagram, encodeNpdu, type Npdu } from './npdu';
import { NetworkMessage, networksOf } from './npdu';
import { ipAddress, MAX_NETWORK, remoteAddress, remoteOf } from './place';
import { Segments } from './segments';
import { isWellFormed } from './tags';

/** A socket, or a line. Events: message (Buffer, sender), listening, error. */
export interface Below extends EventEmitter {
  open(): void;
  close(): void;
  /** `length`: octets of `bytes` that count. */
  send(bytes: Buffer, length: number, receiver?: string): void;
  getBroadcastAddress(): string;
  getMaxPayload(): number;
}

export interface CarrierOptions {
  /** Routers that the profile names, by the network they lead to; others are found. */
  readonly routers: ReadonlyMap<number, string>;
  /** Where broadcasts go to be handed on; absent: they go out. */
  readonly bbmd?: string;
  /** ms, monotonic */
  readonly now: () => number;
}

/** Networks remembered with their routers. */
const MAX_ROUTES = 1_000;
const BVLC_OCTETS = 4;
/** The header and an npdu without addresses, as the library writes them. */
const NPDU_OCTETS = 2;
const EXPECTS_REPLY = 0x04;

const Pdu = { confirmed: 0, unconfirmed: 1, complexAck: 3, segmentAck: 4, error: 5 } as const;
const SEGMENTED = 0x08;
/** Of a request. */
const INVOKE_AT = 2;
/** What is for us, by kind and service: where its tagged data begin, and the lists of values in them. We serve nobody. */
const SERVICES: Readonly<Record<string, { readonly begin: number; readonly values: readonly number[] }>> = {
  [`${Pdu.complexAck}/12`]: { begin: 3, values: [3] },
  [`${Pdu.complexAck}/14`]: { begin: 3, values: [1, 4] },
  [`${Pdu.unconfirmed}/0`]: { begin: 2, values: [] },
  [`${Pdu.unconfirmed}/2`]: { begin: 2, values: [4, 2] },
};
/** Where a kind has its service. */
const SERVICE_AT: Readonly<Record<number, number>> = { [Pdu.complexAck]: 2, [Pdu.unconfirmed]: 1 };
/** In the place of an answer that is not well formed: a tag that no answer begins with. */
const NO_ANSWER = 0x00;

export class Carrier extends EventEmitter {
  readonly stats = { broken: 0, segments: 0, routers: 0 };
  private readonly segments = new Segments();
  private readonly routes = new Map<number, string>();

  constructor(
    private readonly below: Below,
    private readonly options: CarrierOptions,
  ) {
    super();
    below.on('listening', (...about: unknown[]) => this.emit('listening', ...about));
    below.on('error', (error) => this.emit('error', error));
    below.on('message', (bytes: Buffer, sender: string) => this.received(bytes, addressOf(sender)));
  }

  open(): void {
    this.below.open();
  }

  close(): void {
    this.below.close();
  }

  getBroadcastAddress(): string {
    return this.below.getBroadcastAddress();
  }

  /** Less by what a network number and an address take. */
  getMaxPayload(): number {
    return this.below.getMaxPayload() - 11;
  }

  /** A router may have been replaced: the next message looks for one. */
  forget(address: string): void {
    const remote = remoteOf(address);
    if (remote && this.routes.delete(remote.network)) this.stats.routers = this.routes.size;
  }

  /** As the library calls it: a datagram of BACnet/IP whose npdu has no addresses. */
  send(bytes: Buffer, length: number, receiver?: string): void {
    const kind = bytes.readUInt8(1);
    if (kind === Bvlc.registerForeignDevice) return this.below.send(bytes, length, receiver);
    const expects_reply = ((bytes[BVLC_OCTETS + 1] ?? 0) & EXPECTS_REPLY) !== 0;
    const data = Buffer.from(bytes.subarray(BVLC_OCTETS + NPDU_OCTETS, length));
    if (receiver === undefined || kind === Bvlc.distributeBroadcast)
      return this.everywhere(encodeNpdu({ expects_reply, to: 'all', data }));
    if ((data[0] ?? 0) >> 4 === Pdu.confirmed) this.segments.asked(addressOf(receiver), data[INVOKE_AT] ?? 0);
    this.to(receiver, expects_reply, data);
  }

  private to(receiver: string, expects_reply: boolean, data: Buffer): void {
    const remote = remoteOf(receiver);
    if (!remote) return this.put(Bvlc.unicast, encodeNpdu({ expects_reply, data }), receiver);
    const npdu = encodeNpdu({ expects_reply, to: remote, data });
    const router = this.options.routers.get(remote.network) ?? this.routes.get(remote.network);
    if (router === undefined) return this.everywhere(npdu);
    this.put(Bvlc.unicast, npdu, router);
  }

  /** Where the way is not known yet, routers take what is for their networks (6.5.3); the answer tells the way. */
  private everywhere(npdu: Buffer): void {
    const { bbmd } = this.options;
    if (bbmd === undefined) this.put(Bvlc.broadcast, npdu);
    else this.put(Bvlc.distributeBroadcast, npdu, bbmd);
  }

  private put(kind: number, npdu: Buffer, receiver?: string): void {
    const bytes = encodeDatagram(kind, npdu);
    this.below.send(bytes, bytes.length, receiver);
  }

  private received(bytes: Buffer, sender: string): void {
    const datagram = decodeDatagram(bytes);
    if (!datagram) return this.broken();
    if (datagram.kind === Bvlc.result) return this.hand(bytes, sender);
    const carried = [Bvlc.unicast, Bvlc.broadcast, Bvlc.forwarded] as readonly number[];
    if (!carried.includes(datagram.kind)) return;
    const npdu = decodeNpdu(datagram.npdu);
    if (!npdu) return this.broken();
    const peer = datagram.origin ? ipAddress(datagram.origin) : sender;
    if (npdu.message !== undefined) return this.told(npdu, peer);
    // For another network: our own search for a router, or somebody else's.
    if (npdu.to && npdu.to !== 'all') return;
    if (npdu.from) this.learn(npdu.from.network, peer);
    this.application(npdu, npdu.from ? remoteAddress(npdu.from) : peer, datagram.kind);
  }

  private application({ data, expects_reply }: Npdu, sender: string, kind: Datagram['kind']): void {
    const type = (data[0] ?? 0) >> 4;
    if (type === Pdu.complexAck && ((data[0] ?? 0) & SEGMENTED) !== 0) return this.segment(data, sender);
    const verdict = judge(type, data);
    if (verdict === 'foreign') return;
    if (verdict === 'broken') this.broken();
    if (verdict === 'broken' && type !== Pdu.complexAck) return;
    const apdu = verdict === 'whole' ? data : Buffer.concat([data.subarray(0, 3), Buffer.of(NO_ANSWER)]);
    const control = expects_reply ? EXPECTS_REPLY : 0;
    const shown = kind === Bvlc.broadcast ? Bvlc.broadcast : Bvlc.unicast;
    this.hand(encodeDatagram(shown, Buffer.concat([Buffer.of(1, control), apdu])), sender);
  }

  private segment(data: Buffer, sender: string): void {
    this.stats.segments++;
    const { ack, whole } = this.segments.take(sender, data, this.options.now());
    if (ack) this.to(sender, false, ack);
    if (whole) this.application({ data: whole, expects_reply: false }, sender, Bvlc.unicast);
  }

  /** What routers say of themselves. */
  private told(npdu: Npdu, peer: string): void {
    for (const network of networksOf(npdu)) {
      if (npdu.message === NetworkMessage.iAmRouter) this.learn(network, peer);
      else if (npdu.message === NetworkMessage.reject && this.routes.get(network) === peer) this.routes.delete(network);
    }
    this.stats.routers = this.routes.size;
  }

  private learn(network: number, router: string): void {
    if (network < 1 || network > MAX_NETWORK) return;
    if (this.routes.size < MAX_ROUTES || this.routes.has(network)) this.routes.set(network, router);
    this.stats.routers = this.routes.size;
  }

  private hand(bytes: Buffer, sender: string): void {
    try {
      this.emit('message', bytes, sender);
    } catch {
      // The library throws what it cannot decode out of the socket's own event: it is one broken message, and no more.
      this.broken();
    }
  }

  private broken(): void {
    this.stats.broken++;
  }
}

/** Whether the library may have it. We send no segments and answer no requests. */
function judge(type: number, data: Buffer): 'whole' | 'broken' | 'foreign' {
  if (type === Pdu.error) return data.length >= 3 && isWellFormed(data.subarray(3)) ? 'whole' : 'broken';
  const at = SERVICE_AT[type];
  if (at === undefined) return type === Pdu.segmentAck || type === Pdu.confirmed ? 'foreign' : 'whole';
  const service = SERVICES[`${type}/${data[at]}`];
  if (!service) return type === Pdu.complexAck ? 'broken' : 'foreign';
  return data.length >= service.begin && isWellFormed(data.subarray(service.begin), service.values)
    ? 'whole'
    : 'broken';
}
