/** Exactly once into the agent, as far as one life of the process goes: a broker that sends again, links that break at any time. */
import fc from 'fast-check';
import { type IPublishPacket, type Packet } from 'mqtt-packet';
import { Inbound } from '../../../../edge-agent/wire/mqtt/inbound';
import { PacketReceipts } from '../../../../edge-agent/wire/mqtt/packet-receipts';

const publish = (id: number, qos: 0 | 1 | 2, payload: string, dup = false): IPublishPacket => ({
  ...{ cmd: 'publish', topic: 't', payload: Buffer.from(payload), qos, dup, retain: false },
  ...(qos > 0 && { messageId: id }),
});

function rig(): { inbound: Inbound; sent: string[] } {
  const sent: string[] = [];
  return { inbound: new Inbound(10, (p: Packet) => sent.push(`${p.cmd} ${p.messageId}`)), sent };
}

const taken = (arrival: ReturnType<Inbound['publish']>): (() => void) => {
  if (arrival.kind !== 'new') throw new Error('known already');
  return () => arrival.durable();
};

test('acknowledgements go out when durable, in the order of arrival', () => {
  const { inbound, sent } = rig();
  inbound.opened(false);
  const first = taken(inbound.publish(publish(1, 1, 'a')));
  const second = taken(inbound.publish(publish(2, 2, 'b')));
  taken(inbound.publish(publish(0, 0, 'c')))();
  second();
  expect(sent).toEqual([]);
  first();
  expect(sent).toEqual(['puback 1', 'pubrec 2']);
  inbound.released(2);
  expect(sent.at(-1)).toBe('pubcomp 2');
});

test('what comes again over the next link is not handed on again, durable or not', () => {
  const { inbound, sent } = rig();
  inbound.opened(false);
  const slow = taken(inbound.publish(publish(1, 1, 'a')));
  taken(inbound.publish(publish(2, 1, 'b')))();
  inbound.opened(true);
  expect(inbound.publish(publish(1, 1, 'a', true)).kind).toBe('again');
  expect(inbound.publish(publish(2, 1, 'b', true)).kind).toBe('again');
  expect(sent).toEqual([]);
  slow();
  expect(sent).toEqual(['puback 1', 'puback 2']);
  expect(inbound.publish(publish(1, 1, 'a')).kind).toBe('new');
});

test('what was durable when the agent was killed is acknowledged when it comes again, and not read again', () => {
  const before = new PacketReceipts('broker', 10);
  const killed = new Inbound(10, () => undefined, { receipts: before, earlier: new Set() });
  killed.opened(false);
  const first = killed.publish(publish(1, 1, 'a'));
  const [durable] = first.kind === 'new' ? [first.receipts ?? new Map<string, number>()] : [];
  killed.publish(publish(2, 2, 'never durable'));
  const life = (session: boolean): { inbound: Inbound; sent: string[] } => {
    const sent: string[] = [];
    const receipts = new PacketReceipts('broker', 10);
    const earlier = receipts.read(durable ?? new Map());
    const inbound = new Inbound(10, (p: Packet) => sent.push(`${p.cmd} ${p.messageId}`), { receipts, earlier });
    inbound.opened(session);
    return { inbound, sent };
  };
  const { inbound, sent } = life(true);
  expect(inbound.publish(publish(1, 1, 'a', true)).kind).toBe('again');
  expect(inbound.publish(publish(2, 2, 'never durable', true)).kind).toBe('new');
  expect(sent).toEqual(['puback 1']);
  expect(life(true).inbound.publish(publish(1, 1, 'another', true)).kind).toBe('new');
  expect(life(true).inbound.publish(publish(1, 1, 'a')).kind).toBe('new');
  expect(life(false).inbound.publish(publish(1, 1, 'a', true)).kind).toBe('new');
});

test('a new session remembers nothing: the ids are others’ now', () => {
  const { inbound } = rig();
  inbound.opened(true);
  taken(inbound.publish(publish(1, 1, 'a')));
  inbound.opened(false);
  expect(inbound.publish(publish(1, 1, 'a', true)).kind).toBe('new');
});

test('a broker that keeps to the standard gets every message in once, whenever links break', () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('send' as const), qos: fc.constantFrom(1 as const, 2 as const) }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('durable' as const), pick: fc.nat(9) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('break' as const), heard: fc.nat(5) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (stepList) => {
      const delivered: string[] = [];
      const open: (() => void)[] = [];
      /** Messages the broker has not had acknowledged, in order. */
      let kept: { packet: IPublishPacket; phase: 'sent' | 'received' }[] = [];
      /** Written by the client, not yet seen by the broker. */
      let onTheWire: Packet[] = [];
      const inbound = new Inbound(10, (p) => onTheWire.push(p));
      const give = (packet: IPublishPacket): void => {
        const arrival = inbound.publish(packet);
        if (arrival.kind === 'again') return;
        delivered.push(packet.payload.toString());
        open.push(() => arrival.durable());
      };
      const brokerHears = (packets: Packet[]): void => {
        for (const p of packets) {
          const one = kept.find((k) => k.packet.messageId === p.messageId);
          if (!one) continue;
          if (p.cmd === 'pubrec') {
            one.phase = 'received';
            inbound.released(p.messageId ?? 0);
          } else kept = kept.filter((k) => k !== one);
        }
      };
      const settle = (): void => {
        while (onTheWire.length > 0) brokerHears(onTheWire.splice(0));
      };
      let id = 0;
      inbound.opened(false);
      for (const s of stepList) {
        if (s.do === 'send' && kept.length < 10) {
          const packet = publish(++id, s.qos, `m${id}`);
          kept.push({ packet, phase: 'sent' });
          give(packet);
        } else if (s.do === 'durable') open.splice(s.pick % Math.max(1, open.length), 1)[0]?.();
        else if (s.do === 'break') {
          // Some of what was written got through before the link broke.
          const heard = onTheWire.splice(0).slice(0, s.heard);
          brokerHears(heard);
          onTheWire = [];
          inbound.opened(true);
          for (const k of kept) {
            if (k.phase === 'received') inbound.released(k.packet.messageId ?? 0);
            else give({ ...k.packet, dup: true });
          }
        }
      }
      for (const durable of open.splice(0)) durable();
      settle();
      expect(kept).toEqual([]);
      expect(delivered).toEqual(Array.from({ length: id }, (_, i) => `m${i + 1}`));
    }),
    { numRuns: 500 },
  );
});
