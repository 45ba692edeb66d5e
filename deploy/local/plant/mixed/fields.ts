/** The protocols of the mixed plant: one entry each, with the ports it is met at and what makes it. */
import { Plant as AmqpPlant } from '../amqp/plant';
import { Plant as Amqp091Plant } from '../amqp-0-9-1/plant';
import { Plant as CoapDevices } from '../coap/plant';
import { Plant as CoapTcpDevices } from '../coap-tcp/plant';
import { BacnetPlant } from '../bacnet/plant';
import { CanPlant } from '../can/plant';
import { Plant as PostingDevices } from '../http/plant';
import { SocketPlant } from '../http/sockets';
import { type Acknowledged } from '../ledger';
import { type DialedPlant } from '../modbus/control';
import { Plant as ModbusPlant } from '../modbus/plant';
import { Plant as MqttPlant } from '../mqtt/plant';
import { Plant as ListenerDevices } from '../mqtt-listener/plant';
import { OpcUaPlant } from '../opcua/plant';
import { Plant as SparkplugPlant } from '../sparkplug-b/plant';
import { type FieldPort } from '../../port-plan';

export type MixedPort = FieldPort | 'modbus';

export interface MixedPlace {
  readonly host: string;
  readonly dataDir: string;
  /** Of the protocols that are to be spoken. */
  readonly ports: Partial<Record<MixedPort, number>>;
  /** Every device that comes to the agent shows this. */
  readonly token: string;
  /** Between two messages of a device. */
  readonly period_ms: number;
  readonly acknowledged: Acknowledged;
}

export interface FieldPlant extends DialedPlant {
  start(): Promise<void>;
  stop(): Promise<void>;
  end?(): Promise<void>;
}

interface Field {
  readonly name: string;
  /** It is there when all of them are known. */
  readonly ports: readonly MixedPort[];
  make(place: MixedPlace, port: (name: MixedPort) => number): FieldPlant;
}

const CAN_ADDRESSES = [1, 2];

const tokens = ({ token }: MixedPlace, ...devices: string[]): Record<string, string> =>
  Object.fromEntries(devices.map((d) => [d, token]));

export const FIELDS: readonly Field[] = [
  { name: 'modbus', ports: ['modbus'], make: (place, port) => new ModbusPlant({ ...place, port: port('modbus') }) },
  {
    name: 'mqtt',
    ports: ['mqtt'],
    make: (place, port) => new MqttPlant({ ...place, port: port('mqtt'), machines: ['press-1', 'press-2'] }),
  },
  {
    name: 'amqp',
    ports: ['amqp'],
    make: (place, port) => new AmqpPlant({ ...place, port: port('amqp'), machines: ['loom-1'] }),
  },
  {
    name: 'amqp-0-9-1',
    ports: ['amqp-0-9-1'],
    make: (place, port) => new Amqp091Plant({ ...place, port: port('amqp-0-9-1'), machines: ['loom-2'] }),
  },
  {
    name: 'sparkplug-b',
    ports: ['sparkplug'],
    make: (place, port) => new SparkplugPlant({ ...place, port: port('sparkplug'), devices: ['boiler', 'meter'] }),
  },
  {
    name: 'http',
    ports: ['http'],
    make: (p, port) =>
      new PostingDevices({ ...p, agent: `http://${p.host}:${port('http')}`, tokens: tokens(p, 'fan-1', 'fan-2') }),
  },
  {
    name: 'websocket',
    ports: ['http'],
    make: (p, port) =>
      new SocketPlant({ ...p, agent: `http://${p.host}:${port('http')}`, tokens: tokens(p, 'robot-1', 'robot-2') }),
  },
  {
    name: 'coap',
    ports: ['coap', 'coap-resources'],
    make: (p, port) =>
      new CoapDevices({
        ...{ ...p, port: port('coap-resources'), tokens: tokens(p, 'probe-1', 'probe-2') },
        agent: { host: p.host, port: port('coap') },
      }),
  },
  {
    name: 'coap over TCP',
    ports: ['coap-tcp'],
    make: (p, port) =>
      new CoapTcpDevices({ ...p, agent: { host: p.host, port: port('coap-tcp') }, tokens: tokens(p, 'valve-1') }),
  },
  ...([1, 2] as const).map((qos): Field => ({
    name: `mqtt-listener, QoS ${qos}`,
    ports: ['listener'],
    make: (p, port) =>
      new ListenerDevices({
        ...{ ...p, agent: `mqtt://${p.host}:${port('listener')}`, qos },
        tokens: tokens(p, `scale-${qos}`),
      }),
  })),
  { name: 'opcua', ports: ['opcua'], make: (place, port) => new OpcUaPlant({ ...place, port: port('opcua') }) },
  {
    name: 'bacnet',
    ports: ['bacnet', 'bacnet-meter'],
    make: (place, port) => new BacnetPlant({ ...place, port: port('bacnet'), meter_port: port('bacnet-meter') }),
  },
  {
    name: 'can',
    ports: ['can', 'can-agent'],
    make: (p, port) =>
      new CanPlant({
        ...{ ...p, port: port('can'), addresses: CAN_ADDRESSES },
        ...{ agent_host: p.host, agent_port: port('can-agent') },
      }),
  },
];
