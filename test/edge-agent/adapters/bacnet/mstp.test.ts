/** MS/TP without a line: frames against the standard's own figures, and a bus of nodes in simulated time, with losses. */
import fc from 'fast-check';
import { dataCrc, headerCrc } from '../../../../edge-agent/adapters/bacnet/mstp/crc';
import {
  encodeFrame,
  type Frame,
  FrameReader,
  FrameType,
  MAX_DATA,
  type Received,
} from '../../../../edge-agent/adapters/bacnet/mstp/frame';
import { stepNode } from '../../../../edge-agent/adapters/bacnet/mstp/node';
import {
  initialNode,
  MAX_QUEUE,
  type NodeConfig,
  type NodeInput,
  type NodeState,
  T_REPLY_DELAY_MS,
  T_USAGE_TIMEOUT_MS,
  wakeAt,
  wire_ms,
} from '../../../../edge-agent/adapters/bacnet/mstp/station';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('frames', () => {
  test('checksums are those of the examples in annex G, and of CRC-16/X-25', () => {
    expect(headerCrc(bytes('00 10 05 00 00'))).toBe(0x8c);
    expect(dataCrc(bytes('01 22 30'))).toBe(0xbd10);
    expect(dataCrc(Buffer.from('123456789'))).toBe(0x906e);
  });

  test('a token from 5 to 16, and data with its checksum low octet first', () => {
    const token = { type: FrameType.token, destination: 0x10, source: 5, data: Buffer.alloc(0) };
    expect(encodeFrame(token).toString('hex')).toBe('55ff00100500008c');
    const data = { type: FrameType.dataNotExpectingReply, destination: 0x10, source: 5, data: bytes('01 22 30') };
    expect(encodeFrame(data).subarray(8).toString('hex')).toBe('01223010bd');
    expect(() => encodeFrame({ ...data, data: Buffer.alloc(MAX_DATA + 1) })).toThrow('502');
  });

  const octet = fc.integer({ min: 0, max: 255 });
  const frames = fc.record({
    type: octet,
    destination: octet,
    source: octet,
    data: fc.uint8Array({ maxLength: MAX_DATA }).map((a) => Buffer.from(a)),
  });
  const whole = (received: readonly Received[]): Frame[] =>
    received.flatMap((r) => (r.kind === 'frame' ? [r.frame] : []));

  test('what is written is read, cut wherever it may be', () => {
    fc.assert(
      fc.property(
        fc.array(frames, { maxLength: 4 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
        (list, cuts) => {
          const reader = new FrameReader();
          let rest = Buffer.concat(list.map(encodeFrame));
          const received: Received[] = [];
          for (const size of cuts) {
            received.push(...reader.take(rest.subarray(0, size)));
            rest = rest.subarray(size);
            if (rest.length === 0) break;
          }
          expect(whole(received)).toEqual(list);
          expect(reader.abort()).toBe(false);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('one wrong bit is never taken for a frame, and the next frame is read', () => {
    fc.assert(
      fc.property(frames, fc.nat(), (frame, at) => {
        const good = encodeFrame(frame);
        const bad = Buffer.from(good);
        const bit = at % (bad.length * 8);
        bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7));
        const reader = new FrameReader();
        const first = whole(reader.take(bad));
        expect(
          first.filter((f) => f.data.equals(frame.data) && f.type === frame.type && f.source === frame.source),
        ).toEqual([]);
        // After the silence that follows every frame.
        reader.abort();
        expect(whole(reader.take(good))).toEqual([frame]);
      }),
      { numRuns: 300 },
    );
  });

  test('a length beyond the standard is refused before anything is waited for', () => {
    const header = bytes('06 10 05 01 f6');
    const reader = new FrameReader();
    expect(reader.take(Buffer.concat([bytes('55 ff'), header, Buffer.from([headerCrc(header)])]))).toEqual([
      { kind: 'broken' },
    ]);
    expect(reader.abort()).toBe(false);
  });
});

const BAUD = 38_400;
const config = (station: number, max_master = 8): NodeConfig => ({
  ...{ station, max_master, max_info_frames: 1, baud_rate: BAUD },
});

/** The same on every run. */
function dice(seed: number): () => number {
  let x = seed;
  return () => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    return x / 2 ** 32;
  };
}

interface OnAir {
  readonly from: number;
  readonly to: number;
  readonly by: number;
  readonly frame: Frame;
}

/** One pair of wires with nodes on it. What two say at a time nobody understands. */
class Bus {
  now = 0;
  collisions = 0;
  tokens = 0;
  /** Part of the frames that are garbled. */
  loss = 0;
  readonly delivered: string[] = [];
  readonly dead = new Set<number>();
  private readonly nodes = new Map<number, NodeState>();
  private air: OnAir[] = [];
  private readonly random: () => number;

  constructor(
    readonly stations: readonly number[],
    seed: number,
  ) {
    this.random = dice(seed);
    // They are switched on one after the other.
    for (const s of stations) this.nodes.set(s, initialNode(config(s), Math.floor(this.random() * 300)));
  }

  /** Switched on again: it knows nothing of what was. */
  revive(station: number): void {
    this.dead.delete(station);
    this.nodes.set(station, initialNode(config(station), this.now));
  }

  send(from: number, to: number, text: string): void {
    const outgoing = { destination: to, data: Buffer.from(text), expects_reply: false };
    this.step(from, { kind: 'send', outgoing });
  }

  say(by: number, frame: Frame): void {
    // What one says in a row goes out in a row.
    const from = this.air.reduce((end, a) => (a.by === by ? Math.max(end, a.to) : end), this.now);
    const to = from + wire_ms(frame, BAUD);
    if (this.air.some((a) => a.to > from)) this.collisions++;
    this.air.push({ from, to, by, frame });
  }

  run(until: number): void {
    while (this.now < until) {
      const alive = this.stations.filter((s) => !this.dead.has(s));
      const wake = Math.min(...alive.map((s) => wakeAt(config(s), this.nodes.get(s) as NodeState)));
      const heard = this.air.reduce<OnAir | undefined>((a, b) => (a && a.to <= b.to ? a : b), undefined);
      if (heard && heard.to <= wake) this.hear(heard);
      else {
        this.now = Math.max(this.now, wake);
        for (const s of alive) this.step(s, { kind: 'time' });
      }
    }
  }

  private hear(heard: OnAir): void {
    this.now = Math.max(this.now, heard.to);
    this.air = this.air.filter((a) => a !== heard);
    const collided = this.air.some((a) => a.from < heard.to);
    const isGarbled = collided || this.random() < this.loss;
    if (heard.frame.type === FrameType.token) this.tokens++;
    for (const s of this.stations) {
      if (s === heard.by || this.dead.has(s)) continue;
      this.step(s, { kind: 'octets', count: 8 + heard.frame.data.length });
      this.step(s, isGarbled ? { kind: 'broken' } : { kind: 'frame', frame: heard.frame });
    }
  }

  private step(station: number, input: NodeInput): void {
    const { state, effects } = stepNode(config(station), this.nodes.get(station) as NodeState, input, this.now);
    this.nodes.set(station, state);
    for (const effect of effects) {
      if (effect.kind === 'transmit') this.say(station, effect.frame);
      if (effect.kind === 'deliver') this.delivered.push(`${station}: ${effect.frame.data.toString()}`);
    }
  }
}

describe('a bus of nodes in simulated time', () => {
  const seeds = Array.from({ length: 12 }, (_, i) => i + 1);

  test.each(seeds)('without losses nobody speaks at the same time, and everything arrives once (seed %i)', (seed) => {
    const stations = [1, 3, 4, 7].slice(0, 2 + (seed % 3));
    const bus = new Bus(stations, seed);
    bus.run(4_000);
    const before = bus.collisions;
    const expected: string[] = [];
    for (const from of stations)
      for (const to of stations.filter((s) => s !== from)) {
        bus.send(from, to, `from ${from}`);
        expected.push(`${to}: from ${from}`);
      }
    bus.run(6_000);
    expect([...bus.delivered].sort()).toEqual(expected.sort());
    expect(bus.collisions).toBe(before);
    // The token goes round: 2.1 ms on the wire for each.
    expect(bus.tokens).toBeGreaterThan(500);
  });

  test.each(seeds)('a tenth of the frames garbled: the ring is whole again afterwards (seed %i)', (seed) => {
    const bus = new Bus([0, 2, 5], seed);
    bus.loss = 0.1;
    bus.run(10_000);
    bus.loss = 0;
    bus.run(16_000);
    const before = bus.collisions;
    bus.send(0, 5, 'a');
    bus.send(5, 2, 'b');
    bus.send(2, 0, 'c');
    bus.run(18_000);
    expect([...bus.delivered].sort()).toEqual(['0: c', '2: b', '5: a']);
    expect(bus.collisions).toBe(before);
  });

  test.each(seeds)('a node that dies, with the token or without, is left out, and taken in again (seed %i)', (seed) => {
    const bus = new Bus([1, 2, 6], seed);
    bus.run(4_000 + seed);
    bus.dead.add(2);
    bus.run(8_000);
    bus.send(1, 6, 'past the dead');
    bus.run(9_000);
    expect(bus.delivered).toEqual(['6: past the dead']);
    bus.revive(2);
    bus.run(20_000);
    bus.send(2, 1, 'back');
    bus.run(21_000);
    expect(bus.delivered.at(-1)).toBe('1: back');
  });

  test.each(seeds)('a second token is lost again (seed %i)', (seed) => {
    const bus = new Bus([1, 2, 3, 4], seed);
    bus.run(4_000);
    bus.say(0, { type: FrameType.token, destination: 1 + (seed % 4), source: 0, data: Buffer.alloc(0) });
    bus.run(12_000);
    const before = bus.collisions;
    for (const s of [1, 2, 3, 4]) bus.send(s, (s % 4) + 1, 'x');
    bus.run(14_000);
    expect(bus.delivered).toHaveLength(4);
    expect(bus.collisions).toBe(before);
  });
});

describe('one node', () => {
  const own = config(3);
  const frame = (type: number, data = '', destination = 3): NodeInput => ({
    kind: 'frame',
    frame: { type, destination, source: 9, data: Buffer.from(data) },
  });
  const after = (...inputs: [NodeInput, number][]) => {
    let state = initialNode(own, 0);
    const effects = inputs.flatMap(([input, now]) => {
      const step = stepNode(own, state, input, now);
      ({ state } = step);
      return step.effects;
    });
    return {
      state,
      told: effects.map((e) => (e.kind === 'transmit' ? `sends ${e.frame.type} to ${e.frame.destination}` : e.kind)),
    };
  };
  const send = (expects_reply: boolean, destination = 9): NodeInput => ({
    kind: 'send',
    outgoing: { destination, data: Buffer.from('npdu'), expects_reply },
  });

  test('answers a poll, a test and a question in time', () => {
    expect(after([frame(FrameType.pollForMaster), 1]).told).toEqual(['sends 2 to 9']);
    expect(after([frame(FrameType.testRequest, 'x'), 1]).told).toEqual(['sends 4 to 9']);
    expect(after([frame(FrameType.dataExpectingReply, 'x'), 1], [send(false), 5]).told).toEqual([
      'deliver',
      'sends 6 to 9',
    ]);
  });

  test('a question that takes too long is postponed, and answered with the next token', () => {
    const { told } = after(
      [frame(FrameType.dataExpectingReply, 'x'), 1],
      [{ kind: 'time' }, T_REPLY_DELAY_MS + 1],
      [send(false), 300],
      [frame(FrameType.token), 310],
    );
    expect(told.slice(0, 3)).toEqual(['deliver', 'sends 7 to 9', 'sends 6 to 9']);
  });

  test('waits for a reply, takes it and passes the token on', () => {
    const { told, state } = after(
      [send(true), 1],
      [frame(FrameType.token), 2],
      [frame(FrameType.dataNotExpectingReply, 'answer'), 50],
    );
    expect(told).toEqual(['sends 5 to 9', 'deliver', 'sends 1 to 4']);
    expect(state.mode).toBe('poll-for-master');
  });

  test('drops its token when another node speaks out of turn', () => {
    const { state } = after([send(true), 1], [frame(FrameType.token), 2], [frame(FrameType.token, '', 5), 50]);
    expect(state.mode).toBe('idle');
  });

  test('what is for others or reserved is left alone; a broadcast is taken', () => {
    expect(after([frame(FrameType.dataNotExpectingReply, 'x', 4), 1], [frame(99, 'x'), 2]).told).toEqual([]);
    expect(after([frame(FrameType.dataNotExpectingReply, 'x', 255), 1]).told).toEqual(['deliver']);
  });

  test('what waits for the token is bounded', () => {
    const inputs = Array.from({ length: MAX_QUEUE + 2 }, (_, i): [NodeInput, number] => [send(true), i]);
    const { told, state } = after(...inputs);
    expect(told).toEqual(['refused', 'refused']);
    expect(state.queue).toHaveLength(MAX_QUEUE);
  });

  test('alone on the line it polls for others for ever, and sends all the same', () => {
    let state = initialNode(own, 0);
    const told: string[] = [];
    for (let now = 0; now < 20_000; now = Math.max(now + 1, wakeAt(own, state))) {
      const step = stepNode(
        own,
        state,
        now > 10_000 && told.length > 0 && state.queue.length === 0 && !told.includes('6 to 255')
          ? send(false, 255)
          : { kind: 'time' },
        now,
      );
      ({ state } = step);
      for (const e of step.effects) if (e.kind === 'transmit') told.push(`${e.frame.type} to ${e.frame.destination}`);
    }
    expect(state.sole_master).toBe(true);
    expect(told).toContain('6 to 255');
    expect(told.filter((t) => t.startsWith('1 ')).length).toBeGreaterThan(20_000 / T_USAGE_TIMEOUT_MS / 3);
  });
});
