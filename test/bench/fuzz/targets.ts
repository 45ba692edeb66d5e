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
import { Session } from '../../../edge-agent/adapters/mqtt-listener/session';
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
import { AMQP_0_9_1_TARGETS } from './amqp-0-9-1';
import { BACNET_TARGETS } from './bacnet';
import { BUS_TARGETS } from './bus';
import { MODBUS_TARGETS } from './modbus';
import { OPCUA_TARGETS } from './opcua';
import { type Target } from './target';

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

export const TARGETS: readonly Target[] = [
  ...MODBUS_TARGETS,
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
  ...AMQP_0_9_1_TARGETS,
  ...BUS_TARGETS,
  ...BACNET_TARGETS,
  ...OPCUA_TARGETS,
];
