/** The codecs that are fuzzed: one entry each. */
import { encode as encodeCbor } from 'cbor-x';
import { generate, type Packet } from 'mqtt-packet';
import { Transfers } from '../../../edge-agent/adapters/coap/blocks';
import {
  CODE,
  CoapError,
  decode as decodeCoap,
  encode as encodeCoap,
  type Message,
  OPTION,
  uint,
  uriOptions,
} from '../../../edge-agent/adapters/coap/codec';
import { decodeSenml } from '../../../edge-agent/adapters/coap/senml';
import { csm, encodeStream, SIGNAL, StreamReader } from '../../../edge-agent/adapters/coap/stream';
import { decodeFrame } from '../../../edge-agent/adapters/http/codec';
import { decodeBody } from '../../../edge-agent/wire/posts/entries';
import { encodeFrame, FrameReader } from '../../../edge-agent/adapters/bacnet/mstp/frame';
import { stepNode } from '../../../edge-agent/adapters/bacnet/mstp/node';
import { initialNode, type NodeInput } from '../../../edge-agent/adapters/bacnet/mstp/station';
import { frameOfLine } from '../../../edge-agent/adapters/can/candump';
import { decodeDatagram, encodeDatagram } from '../../../edge-agent/adapters/can/cannelloni';
import { type CanFrame, FrameError } from '../../../edge-agent/adapters/can/frame';
import { groupOf } from '../../../edge-agent/adapters/can/j1939';
import { encodeLine, SlcanReader } from '../../../edge-agent/adapters/can/slcan';
import { MANAGEMENT, TRANSFER, TransportProtocol } from '../../../edge-agent/adapters/can/transport';
import { DbcError } from '../../../edge-agent/core/profile/dbc';
import { pointsOfDbc } from '../../../edge-agent/core/profile/points-dbc';
import { Session } from '../../../edge-agent/adapters/mqtt-listener/session';
import { FramingError } from '../../../edge-agent/adapters/modbus/codec/framing';
import { Mbap } from '../../../edge-agent/adapters/modbus/codec/mbap';
import { decodeResponse, PduError } from '../../../edge-agent/adapters/modbus/codec/pdu';
import { at, decodePayload, PayloadError, valueOf } from '../../../edge-agent/wire/payload';
import {
  decodePayload as decodeSparkplug,
  encodeCommand,
  typeNameOf,
  valueOf as sparkplugValue,
} from '../../../edge-agent/adapters/sparkplug-b/codec';
import { ProtoError } from '../../../edge-agent/adapters/sparkplug-b/protobuf';
import { MqttStreamError, PacketReader } from '../../../edge-agent/wire/mqtt/codec';
import { AMQP_TARGETS } from './amqp';

export interface Target {
  readonly name: string;
  /** Valid inputs, to be mangled. */
  readonly seeds: readonly Buffer[];
  read(bytes: Buffer): void;
  /** Its own way to refuse. */
  refuses(error: unknown): boolean;
}

const PACKETS: readonly Packet[] = [
  {
    cmd: 'publish',
    topic: 'fleet/north/m/t',
    payload: Buffer.from('{"v":1}'),
    qos: 1,
    dup: false,
    retain: false,
    messageId: 7,
  },
  { cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: true, properties: { receiveMaximum: 10 } },
  { cmd: 'suback', messageId: 1, granted: [1] },
  { cmd: 'puback', messageId: 3, reasonCode: 16 },
];

const stream = (version: 4 | 5): Target => ({
  name: `mqtt stream, version ${version === 5 ? '5' : '3.1.1'}`,
  seeds: [Buffer.concat(PACKETS.map((p) => generate(p, { protocolVersion: version })))],
  read: (bytes) => void new PacketReader(version, 10_000).feed(bytes),
  refuses: (error) => error instanceof MqttStreamError,
});

const CONNECT: Packet = {
  ...{ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 5, clientId: 'b', clean: false, keepalive: 60 },
  ...{ username: 'd', password: Buffer.from('token-of-d'), properties: { sessionExpiryInterval: 60 } },
};
const SUBSCRIBE: Packet = { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a/+/#', qos: 1 }] };

/** What a device sends first says which version the rest is in. */
const devices: Target = {
  name: 'mqtt stream of a device',
  seeds: [Buffer.concat([generate(CONNECT), generate(SUBSCRIBE, { protocolVersion: 5 })])],
  read: (bytes) => {
    const session = new Session('b', true, 10, () => undefined);
    for (const packet of new PacketReader(undefined, 10_000).feed(bytes)) {
      if (packet.cmd === 'subscribe') session.subscribe(packet, 5);
      if (packet.cmd === 'publish' && Buffer.isBuffer(packet.payload)) session.inbound.publish(packet);
    }
  },
  refuses: (error) => error instanceof MqttStreamError,
};

const payload = (format: 'json' | 'cbor' | 'number', seeds: readonly Buffer[]): Target => ({
  name: `mqtt payload, ${format}`,
  seeds,
  read: (bytes) => {
    const data = decodePayload(format, bytes);
    for (const kind of ['number', 'int64', 'boolean', 'text'] as const) {
      valueOf(kind, data);
      valueOf(kind, at(data, ['a', '0']));
    }
  },
  refuses: (error) => error instanceof PayloadError,
});

const JSON_SEED = Buffer.from('{"a":[1.5,"x",18446744073709551615],"ts":1700000000000,"b":{"c":null}}');
const CBOR_SEED = Buffer.from(
  'a36161831818fb3ff80000000000006178627473 1b0000018bcfe568006162a16163f6'.replace(' ', ''),
  'hex',
);

const posts: Target = {
  name: 'http body, lines',
  seeds: [Buffer.from('{"seq":1,"ts":1700000000000,"values":{"a":1}}\n{"values":{"b":"x"}}\n')],
  read: (bytes) => void decodeBody('ndjson', bytes),
  refuses: (error) => error instanceof PayloadError,
};

const frames: Target = {
  name: 'websocket frame',
  seeds: [
    Buffer.from('[{"seq":1,"ts":1700000000000,"values":{"a":1}},{"values":{"b":"x"}}]'),
    Buffer.from('{"command":7,"ok":false,"reason":"no"}'),
    encodeCbor([{ seq: 1, ts: 1_700_000_000_000, values: { a: 1 } }]),
  ],
  // Text begins with a bracket; an array or a map of CBOR has its highest bit set.
  read: (bytes) => void decodeFrame(bytes, (bytes[0] ?? 0) > 0x7f),
  refuses: (error) => error instanceof PayloadError,
};

const COAP_POST: Message = {
  type: 'con',
  code: CODE.post,
  id: 4_711,
  token: Buffer.from('0102030405060708', 'hex'),
  options: [...uriOptions('/v1/devices/m/readings?token=t'), uint(OPTION.contentFormat, 50), uint(OPTION.block1, 8)],
  payload: Buffer.alloc(16, '{'),
};

const coap: Target = {
  name: 'coap message with blocks',
  seeds: [encodeCoap(COAP_POST), encodeCoap({ ...COAP_POST, options: [uint(OPTION.block1, 16)] })],
  read: (bytes) => {
    const message = decodeCoap(bytes);
    const transfers = new Transfers(1_000);
    for (let now = 0; now < 3; now++) transfers.take('peer', message, now);
    // What was taken for a message is one when it is written again.
    if (!encodeCoap(decodeCoap(encodeCoap(message))).equals(encodeCoap(message))) throw new Error('not the same again');
  },
  refuses: (error) => error instanceof CoapError,
};

const coapStream: Target = {
  name: 'coap over TCP',
  seeds: [
    Buffer.concat([encodeStream({ ...COAP_POST, code: SIGNAL.csm, options: csm(4_096) }), encodeStream(COAP_POST)]),
    encodeStream({ ...COAP_POST, payload: Buffer.alloc(300, '{') }),
  ],
  read: (bytes) => {
    for (const message of new StreamReader(10_000).feed(bytes)) {
      // What was taken for a message is one when it is written again.
      const again = encodeStream(message);
      const [read = message] = new StreamReader(20_000).feed(again);
      if (!encodeStream(read).equals(again)) throw new Error('not the same again');
    }
  },
  refuses: (error) => error instanceof CoapError,
};

const senml = (format: 'json' | 'cbor', seed: Buffer): Target => ({
  name: `senml, ${format}`,
  seeds: [seed],
  read: (bytes) => void decodeSenml(format, bytes, 1_700_000_000_000),
  refuses: (error) => error instanceof PayloadError,
});
const SENML_JSON = Buffer.from(
  '[{"bn":"urn:dev:1:","bt":1.7e9,"bu":"A","n":"v","u":"V","v":120.1},{"n":"c","t":-5,"vs":"x"}]',
);
const SENML_CBOR = encodeCbor([
  new Map<number, unknown>([
    [-2, 'd:'],
    [-3, 1_700_000_000],
    [0, 't'],
    [2, 23.5],
  ]),
  new Map<number, unknown>([
    [0, 'on'],
    [4, true],
    [6, -1],
  ]),
]);

const sparkplug: Target = {
  name: 'sparkplug-b payload',
  seeds: (['int8', 'uint64', 'double', 'float', 'boolean', 'string'] as const).map((type) => {
    const value = type === 'string' ? 'läuft' : type === 'boolean' ? true : 7;
    return encodeCommand({ name: 'Outlet/Temp', type, value }, 1_700_000_000_000) ?? Buffer.alloc(0);
  }),
  read: (bytes) => {
    for (const { raw, type } of decodeSparkplug(bytes).metrics) {
      const name = typeNameOf(type ?? 0);
      if (raw && name) sparkplugValue(name, raw);
    }
  },
  refuses: (error) => error instanceof ProtoError,
};

const modbus: Target = {
  name: 'modbus tcp answer',
  seeds: [Buffer.from('000100000007010304000a0102', 'hex'), Buffer.from('000200000003018302', 'hex')],
  read: (bytes) => {
    for (const { pdu } of new Mbap().feed(bytes)) decodeResponse({ fn: 3, address: 0, count: 2 }, pdu);
  },
  refuses: (error) => error instanceof FramingError || error instanceof PduError,
};

/** Bus frames as they are put together from packets: one protocol for all inputs, so that sessions that stay would be seen. */
function busTargets(): Target[] {
  const protocol = new TransportProtocol(249);
  let now = 0;
  const take = (frame: CanFrame): void => {
    const group = groupOf(frame);
    if (group?.pgn === MANAGEMENT || group?.pgn === TRANSFER) protocol.take(group, now);
    protocol.expire((now += 10));
  };
  const frame = (id: number, hex: string): CanFrame => ({
    ...{ id, extended: true, remote: false },
    data: Buffer.from(hex, 'hex'),
  });
  const seeds = [
    frame(0x1cecff05, '20170004ffebfe00'),
    frame(0x1cecf905, '10170004ffebfe00'),
    frame(0x1cebff05, '0100112233445566'),
    frame(0x1cebf905, '0200112233445566'),
  ];
  const noRefusal = (): boolean => false;
  return [
    {
      name: 'can tunnel with transport protocol',
      seeds: seeds.map((f, i) => encodeDatagram(i, f)),
      read: (bytes) => decodeDatagram(bytes).frames.forEach(take),
      refuses: (error) => error instanceof FrameError,
    },
    {
      name: 'can slcan lines',
      seeds: seeds.map(encodeLine),
      read: (bytes) => void new SlcanReader().feed(bytes),
      refuses: noRefusal,
    },
    {
      name: 'can candump line',
      seeds: [Buffer.from('(1436509052.249713) can0 044#2A366C2BBA'), Buffer.from('(1.0) can0 18FF1001##1112233')],
      read: (bytes) => void frameOfLine(bytes.toString('latin1')),
      refuses: noRefusal,
    },
    {
      name: 'can dbc file',
      seeds: [
        Buffer.from(
          'BO_ 256 E: 8 U\n SG_ S M : 7|16@0- (0.25,0) [0|8] "rpm" A\n SG_ T m0M : 24|4@1+ (1,0) [0|0] "" A\n' +
            'CM_ SG_ 256 S "c";\nVAL_ 256 T 0 "P" ;\nSIG_VALTYPE_ 256 T : 1;\nSG_MUL_VAL_ 256 T S 0-1, 3-4;',
        ),
      ],
      read: (bytes) => void pointsOfDbc(bytes.toString('latin1')),
      refuses: (error) => error instanceof DbcError,
    },
  ];
}

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

export const TARGETS: readonly Target[] = [
  modbus,
  stream(4),
  stream(5),
  devices,
  payload('json', [JSON_SEED]),
  payload('cbor', [CBOR_SEED]),
  payload('number', [Buffer.from('-12.5e3'), Buffer.from('18446744073709551615')]),
  sparkplug,
  posts,
  frames,
  coap,
  coapStream,
  senml('json', SENML_JSON),
  senml('cbor', SENML_CBOR),
  ...AMQP_TARGETS,
  ...busTargets(),
  mstpTarget(),
];
