/** MS/TP in the place of UDP under npm @bacnet-js/client: network messages without the header that BACnet/IP puts before them. */
import { EventEmitter } from 'node:events';
import { BROADCAST, MAX_DATA } from './frame';
import { macAddress, macOf } from './mac';
import { type MakePort, MstpLine, type MstpSettings } from './line';

/** The header of BACnet/IP, which the library writes and reads: type, function (original unicast), length. */
const BVLC_OCTETS = 4;
const BVLC_TYPE = 0x81;
const ORIGINAL_UNICAST = 0x0a;
const ORIGINAL_BROADCAST = 0x0b;
/** Bit of the network header's control octet. */
const EXPECTS_REPLY = 0x04;

export class MstpTransport extends EventEmitter {
  private readonly line: MstpLine;

  constructor(settings: MstpSettings, makePort?: MakePort) {
    super();
    this.line = new MstpLine(
      settings,
      {
        open: () => this.emit('listening', { address: macAddress(settings.station), port: 0 }),
        frame: ({ source, destination, data }) => {
          const kind = destination === BROADCAST ? ORIGINAL_BROADCAST : ORIGINAL_UNICAST;
          const length = data.length + BVLC_OCTETS;
          const header = Buffer.from([BVLC_TYPE, kind, length >> 8, length & 0xff]);
          this.emit('message', Buffer.concat([header, data]), macAddress(source));
        },
        failed: (error) => this.emit('error', error),
      },
      makePort,
    );
  }

  get stats(): MstpLine['stats'] {
    return this.line.stats;
  }

  getBroadcastAddress(): string {
    return macAddress(BROADCAST);
  }

  getMaxPayload(): number {
    return MAX_DATA + BVLC_OCTETS;
  }

  /** The library calls it at once; the port opens by itself. */
  open(): void {
    return undefined;
  }

  /** `length`: octets of the buffer that count. */
  send(buffer: Buffer, length: number, receiver: string = this.getBroadcastAddress()): void {
    const data = Buffer.from(buffer.subarray(BVLC_OCTETS, length));
    const destination = macOf(receiver);
    const expects_reply = ((data[1] ?? 0) & EXPECTS_REPLY) !== 0;
    if (destination !== undefined) this.line.send({ destination, data, expects_reply });
  }

  close(): void {
    this.line.close();
  }
}
