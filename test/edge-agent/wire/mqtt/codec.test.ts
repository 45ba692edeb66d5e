import fc from 'fast-check';
import { generate, type Packet } from 'mqtt-packet';
import { MqttStreamError, packetBytes, PacketReader } from '../../../../edge-agent/wire/mqtt/codec';

const message = (bytes: number): Packet => ({
  ...{ cmd: 'publish', topic: 't/x', payload: Buffer.alloc(bytes, 7), qos: 1, dup: false, retain: false, messageId: 9 },
});

test.each([4, 5] as const)('version %d: packets come out whole, however they are cut', (version) => {
  const packets: Packet[] = [
    message(0),
    message(200),
    { cmd: 'puback', messageId: 3 },
    message(20_000),
    { cmd: 'pingresp' },
  ];
  const bytes = Buffer.concat(packets.map((p) => generate(p, { protocolVersion: version })));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 40 }), (cuts) => {
      const reader = new PacketReader(version, 30_000);
      const out: Packet[] = [];
      let at = 0;
      for (const cut of cuts) out.push(...reader.feed(bytes.subarray(at, (at = Math.min(bytes.length, at + cut)))));
      out.push(...reader.feed(bytes.subarray(at)));
      expect(out.map((p) => p.cmd)).toEqual(packets.map((p) => p.cmd));
    }),
    { numRuns: 50 },
  );
});

test('hostile bytes end the stream with an error of its own, and never hang', () => {
  fc.assert(
    fc.property(fc.constantFrom(4 as const, 5 as const), fc.uint8Array({ maxLength: 200 }), (version, bytes) => {
      try {
        new PacketReader(version, 1_000).feed(Buffer.from(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(MqttStreamError);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a packet that would never end is refused at the bound', () => {
  const reader = new PacketReader(4, 1_000);
  const begun = generate(message(1_000_000)).subarray(0, 600);
  expect(reader.feed(begun)).toEqual([]);
  expect(() => reader.feed(begun)).toThrow('a packet of more than 1000 bytes');
});

test('sizes of packets as the standard counts them', () => {
  expect([0, 127, 128, 16_383, 16_384, 2_097_152].map(packetBytes)).toEqual([2, 129, 131, 16_386, 16_388, 2_097_157]);
});
