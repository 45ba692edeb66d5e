import { AmqpAdapter } from '../../../../edge-agent/adapters/amqp/adapter';
import { Amqp091Adapter } from '../../../../edge-agent/adapters/amqp-0-9-1/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { Plant, QUEUE } from '../../../../deploy/local/plant/amqp/plant';
import { Plant as Plant091 } from '../../../../deploy/local/plant/amqp-0-9-1/plant';
import { freePorts } from '../../../../deploy/local/ports';
import { type Harness, type Rig } from '../harness';
import { calling, plansOf, queueField } from '../simulated';

const profile = (protocol: string, port: number, more: string, address: string): string => `
agent: { id: a }
connections:
  - name: broker
    protocol: ${protocol}
    host: 127.0.0.1
    port: ${port}
    backoff: { initial_ms: ${calling.backoff_ms / 10}, max_ms: ${calling.backoff_ms} }
    amqp:
      ${more}
      sources: [{ address: ${QUEUE}, topic: 'fleet.{region}.{machine}', device: '{machine}', time: /ts }]
devices:
  - id: boiler
    connection: broker
    amqp: { silence_ms: 400 }
    points:
      - { metric: setpoint, writable: true, amqp: { command: { address: '${address}', value: /value } } }
      - { metric: temperature }
  - { id: meter, connection: broker, amqp: { silence_ms: 400 }, points: [{ metric: energy, type: uint64, amqp: { value: /count } }] }
`;

const deps = { clock: systemClock, random: Math.random };
const place = { host: '127.0.0.1', period_ms: 50, machines: ['boiler', 'meter'] };

/** The simulated plant on npm rhea, its fault dial as the misbehaviour. */
async function create(more: string, users?: Readonly<Record<string, string>>): Promise<Rig> {
  const [port = 0] = await freePorts(1);
  const plant = new Plant({ ...place, port, ...(users && { users }) });
  await plant.start();
  const plans = plansOf(profile('amqp', port, more, 'commands/{device}/{metric}'));
  return { ...calling.rig(new AmqpAdapter(plans.both, deps), plant), plans, field: queueField(plant) };
}

/** The broker is ours, the client npm amqplib. */
async function create091(more: string): Promise<Rig> {
  const [port = 0] = await freePorts(1);
  const plant = new Plant091({ ...place, port });
  await plant.start();
  const plans = plansOf(profile('amqp-0-9-1', port, more, 'commands.{device}.{metric}'));
  return { ...calling.rig(new Amqp091Adapter(plans.both, deps), plant), plans, field: queueField(plant) };
}

const USER = 'username: üser\n      password: pässword\n      credit: 2';

export const harnesses: readonly Harness[] = [
  { adapter: 'amqp', variant: 'anonymous', waivers: {}, create: () => create('container_id: contract') },
  { adapter: 'amqp', variant: 'PLAIN, credit of 2', waivers: {}, create: () => create(USER, { üser: 'pässword' }) },
  { adapter: 'amqp-0-9-1', variant: 'queue that is there', waivers: {}, create: () => create091('credit: 100') },
];
