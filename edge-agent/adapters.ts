/** The adapters of a plan, one per connection. The only place that knows every protocol. */
import { join } from 'node:path';
import { type FieldAdapter, type Receipts } from './adapter';
import { AmqpAdapter } from './adapters/amqp/adapter';
import { Amqp091Adapter } from './adapters/amqp-0-9-1/adapter';
import { CoapAdapter } from './adapters/coap/adapter';
import { HttpAdapter } from './adapters/http/adapter';
import { CanAdapter } from './adapters/can/adapter';
import { BacnetAdapter } from './adapters/bacnet/adapter';
import { ModbusAdapter } from './adapters/modbus/adapter';
import { MqttAdapter } from './adapters/mqtt/adapter';
import { MqttListenerAdapter } from './adapters/mqtt-listener/adapter';
import { SparkplugAdapter } from './adapters/sparkplug-b/adapter';
import { OpcUaAdapter } from './adapters/opcua/adapter';
import { type TakeClaim } from './core/claims';
import { type Clock } from './core/clock';
import { type AgentPlan, type ConnectionPlan } from './core/compile/plan';
import { type AdapterStatus } from './core/status';

export interface AdapterDeps {
  readonly clock: Clock;
  readonly random: () => number;
  /** Where an adapter keeps what must outlive the process; absent: nothing does. */
  readonly dataDir?: string;
  /** What is durable beside the readings, by names that adapters gave; absent: nothing outlives the process. */
  readonly receipts?: () => Receipts;
  /** What becomes of a device's claim code; absent: none is taken. */
  readonly claim?: TakeClaim;
}

export interface RunningAdapter extends FieldAdapter {
  status(): AdapterStatus;
}

/** Lines are spread over this time, so that a thousand of them do not ask in the same millisecond. */
const SPREAD_MS = 1_000;

/** One connection by itself, at a moment of its own. */
export function addAdapter(connection: ConnectionPlan, deps: AdapterDeps): RunningAdapter {
  return createAdapter(connection, { ...deps, phase_ms: Math.round(deps.random() * SPREAD_MS) });
}

export function createAdapters(plan: AgentPlan, deps: AdapterDeps): ReadonlyMap<ConnectionPlan, RunningAdapter> {
  const used = plan.connections.filter((c) => c.devices.length > 0);
  return new Map(
    used.map((connection, i) => {
      const phase_ms = Math.round((i * SPREAD_MS) / used.length);
      return [connection, createAdapter(connection, { ...deps, phase_ms })];
    }),
  );
}

function createAdapter(connection: ConnectionPlan, deps: AdapterDeps & { phase_ms: number }): RunningAdapter {
  switch (connection.protocol) {
    case 'modbus-tcp':
    case 'modbus-rtu-over-tcp':
    case 'modbus-rtu':
      return new ModbusAdapter(connection, deps);
    case 'mqtt':
      return new MqttAdapter(connection, deps);
    case 'sparkplug-b':
      return new SparkplugAdapter(connection, deps);
    case 'opcua':
      return new OpcUaAdapter(connection, deps);
    case 'http':
      return new HttpAdapter(connection, { ...deps, ...sequencesOf(connection, deps) });
    case 'coap':
      return new CoapAdapter(connection, { ...deps, ...sequencesOf(connection, deps) });
    case 'mqtt-listener':
      return new MqttListenerAdapter(connection, { ...deps, ...sequencesOf(connection, deps) });
    case 'amqp':
      return new AmqpAdapter(connection, deps);
    case 'amqp-0-9-1':
      return new Amqp091Adapter(connection, deps);
    case 'bacnet':
      return new BacnetAdapter(connection, deps);
    case 'can':
      return new CanAdapter(connection, deps);
    default:
      throw new Error(`no adapter speaks ${connection.protocol}`);
  }
}

function sequencesOf({ name }: ConnectionPlan, { dataDir }: AdapterDeps): { sequences?: string } {
  return dataDir === undefined ? {} : { sequences: join(dataDir, `taken-${encodeURIComponent(name)}.json`) };
}
