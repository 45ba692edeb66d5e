/** Bytes of an MQTT stream to packets, bounded. Pure. The grammar is that of npm mqtt-packet (3.1.1 and 5). */
import { createHash } from 'node:crypto';
import { type IPublishPacket, type Packet, type Parser, parser } from 'mqtt-packet';

export type ProtocolVersion = 4 | 5;

/** What came is not MQTT, or more than was allowed: the stream cannot be followed any further. */
export class MqttStreamError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MqttStreamError';
  }
}

export class PacketReader {
  private readonly parser: Parser;
  private packets: Packet[] = [];
  private failure: Error | undefined;
  /** Bytes fed that are not yet part of a packet. */
  private waiting = 0;

  /** Without a version it is the one that the first packet, a CONNECT, names. */
  constructor(
    version: ProtocolVersion | undefined,
    private readonly maxPacketBytes: number,
  ) {
    this.parser = parser(version === undefined ? {} : { protocolVersion: version });
    this.parser.on('packet', (packet) => {
      this.waiting -= packetBytes(packet.length ?? 0);
      this.packets.push(packet);
    });
    this.parser.on('error', (error: Error) => (this.failure ??= error));
  }

  /** Packets completed by the chunk, in order. Throws MqttStreamError; after that the reader is of no more use. */
  feed(chunk: Buffer): Packet[] {
    this.waiting += chunk.length;
    try {
      this.parser.parse(chunk);
    } catch (cause) {
      throw new MqttStreamError(`not MQTT: ${(cause as Error).message}`, { cause });
    }
    if (this.failure) throw new MqttStreamError(`not MQTT: ${this.failure.message}`, { cause: this.failure });
    if (this.waiting > this.maxPacketBytes)
      throw new MqttStreamError(`a packet of more than ${this.maxPacketBytes} bytes`);
    const { packets } = this;
    this.packets = [];
    return packets;
  }
}

const LENGTH_STEPS = [0x80, 0x4000, 0x20_0000];

/** Whole size of a packet with so many bytes after its header. */
export function packetBytes(remaining: number): number {
  return remaining + 2 + LENGTH_STEPS.filter((step) => remaining >= step).length;
}

/** Tells one message from another that has got the same packet id. */
export function fingerprint({ topic, payload, qos }: Pick<IPublishPacket, 'topic' | 'payload' | 'qos'>): string {
  return createHash('sha1').update(`${qos} ${topic}\n`).update(payload).digest('base64');
}
