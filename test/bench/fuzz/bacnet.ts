/** BACnet: frames of MS/TP as they come from a line, and messages as they come from a network. */
import { EventEmitter } from 'node:events';
import { samplesOf, type ObjectValues } from '../../../edge-agent/adapters/bacnet/answer';
import { type Below } from '../../../edge-agent/adapters/bacnet/carrier';
import { RequestError } from '../../../edge-agent/adapters/bacnet/errors';
import { encodeFrame, FrameReader } from '../../../edge-agent/adapters/bacnet/mstp/frame';
import { stepNode } from '../../../edge-agent/adapters/bacnet/mstp/node';
import { initialNode, type NodeInput } from '../../../edge-agent/adapters/bacnet/mstp/station';
import { Network } from '../../../edge-agent/adapters/bacnet/network';
import { WHOLE } from '../../../edge-agent/adapters/bacnet/plan';
import { type BacnetSource, connectionSettings } from '../../../edge-agent/adapters/bacnet/settings';
import { type Target } from './target';

/** Frames of MS/TP into a node that has the ring to itself: what it holds stays bounded, whatever comes. */
function mstpTarget(): Target {
  const config = { station: 1, max_master: 3, max_info_frames: 1, baud_rate: 38_400 };
  const reader = new FrameReader();
  let now = 0;
  let state = initialNode(config, now);
  const step = (input: NodeInput): void => {
    ({ state } = stepNode(config, state, input, now));
  };
  const frame = (type: number, destination: number, data = ''): Buffer =>
    encodeFrame({ type, destination, source: 2, data: Buffer.from(data, 'hex') });
  return {
    name: 'bacnet mstp frames into a node',
    seeds: [0, 1, 2, 3, 5, 6, 7].map((type) => frame(type, type === 6 ? 255 : 1, type > 4 ? '0100300a0c' : '')),
    read: (bytes) => {
      now += 20;
      step({ kind: 'octets', count: bytes.length });
      for (const received of reader.take(bytes)) step(received);
      if (state.queue.length === 0)
        step({ kind: 'send', outgoing: { destination: 2, data: bytes.subarray(0, 4), expects_reply: true } });
      step({ kind: 'time' });
    },
    refuses: () => false,
  };
}

const NOW = 1_700_000_000_000;
const SENDER = '10.0.0.9:47808';
const SOURCE: BacnetSource = {
  ...{ object: { type: 0, instance: 1 }, role: 'value', isBoolean: false, priority: 8, cov: true },
};
const POINTS = [{ metric: 'm', scan_ms: 1_000, source: SOURCE }];
const ASKED = [
  {
    object: SOURCE.object,
    properties: [
      { id: 85, index: WHOLE },
      { id: 111, index: WHOLE },
    ],
  },
];

/** Of the datagram of a device on the own network: what kind of answer it is, and to which request. */
const [TYPE_AT, INVOKE_AT] = [6, 7];
const REQUEST_INVOKE_AT = 8;
const datagram = (hex: string): Buffer => {
  const body = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return Buffer.concat([Buffer.of(0x81, 0x0a, 0, 4 + body.length), body]);
};
const VALUES = '0c00000001 1e 2955 4e 44 41ac0000 4f 296f 4e 820400 4f 1f';
const ANSWER = datagram(`0100 30000e ${VALUES}`);
const SEEDS = [
  ANSWER,
  datagram(`0100 3c0000040e ${VALUES.slice(0, 22)}`),
  datagram(`0108 0007 01 0c 30000e ${VALUES}`),
  datagram('0100 50000e 9101 911f'),
  datagram('0100 7000 04'),
  datagram('0120ffff00ff 1000 c4020003e9 2205c4 9103 2101'),
  datagram('0100 1002 0901 1c020003e9 2c00000001 3a012c 4e 0955 2e 4441ac0000 2f 096f 2e 820400 2f 4f'),
  datagram('0180 01 0007 0008'),
  datagram('0180 03 01 0007'),
];

/** A wire without anybody: what is asked is kept, what is said comes from one device. */
class Wire extends EventEmitter implements Below {
  invoke = 0;
  open(): void {
    return undefined;
  }
  close(): void {
    return undefined;
  }
  getBroadcastAddress(): string {
    return '255.255.255.255';
  }
  getMaxPayload(): number {
    return 1_482;
  }
  send(bytes: Buffer): void {
    this.invoke = bytes[REQUEST_INVOKE_AT] ?? 0;
  }
  say(bytes: Buffer): void {
    this.emit('message', bytes, SENDER);
  }
}

/** Inputs after which a whole answer must be understood again. */
const CHECKED_EACH = 16;

/** A client that has asked: it gets what is hostile for an answer, and understands the next one that is none, whole or in segments. */
function networkTarget(): Target {
  const wire = new Wire();
  const heard = ({ object, values }: ObjectValues): void => void samplesOf('d', POINTS, [{ object, values }], NOW);
  let failure: Error | undefined;
  const listener = { failed: (error: Error) => (failure = error), notified: (_: string, v: ObjectValues) => heard(v) };
  const settings = connectionSettings({ name: 'fuzz', protocol: 'bacnet', timeout_ms: 10 });
  const network = new Network(settings, listener, wire);
  network.discover(() => undefined);
  const ask = async (answer: (invoke: number) => readonly Buffer[]): Promise<unknown> => {
    const asked = network.read(SENDER, ASKED, false);
    for (const bytes of answer(wire.invoke)) wire.say(bytes);
    const [sample] = samplesOf('d', POINTS, await asked, NOW);
    return sample?.value;
  };
  const segments = (invoke: number): Buffer[] =>
    [VALUES.slice(0, 22), VALUES.slice(22)].map((part, i) =>
      datagram(`0100 ${i === 0 ? '3c' : '38'}${invoke.toString(16).padStart(2, '0')}0${i}040e ${part}`),
    );
  let count = 0;
  return {
    name: 'bacnet messages to a client',
    seeds: SEEDS,
    read: async (bytes) => {
      const abort = (invoke: number): Buffer => datagram(`0100 70${invoke.toString(16).padStart(2, '0')}00`);
      const asked = ask((invoke) => {
        if ((bytes[TYPE_AT] ?? 0) >> 4 >= 3 && bytes.length > INVOKE_AT) bytes[INVOKE_AT] = invoke;
        // Half of them with a length that fits: without it what is behind the header would be reached by chance only.
        if (bytes.length > 4 && bytes.length % 2 === 0) bytes.writeUInt16BE(bytes.length, 2);
        return [bytes, abort(invoke)];
      });
      if (++count % CHECKED_EACH === 0) {
        await asked.catch(() => undefined);
        const value = await ask(segments);
        if (value !== 21.5) throw new Error(`the next answer was ${String(value)}`);
      }
      if (failure) throw failure;
      await asked;
    },
    refuses: (error) => error instanceof RequestError,
  };
}

export const BACNET_TARGETS: readonly Target[] = [mstpTarget(), networkTarget()];
