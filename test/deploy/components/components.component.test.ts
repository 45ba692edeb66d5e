/** The real components, through their specs: what was acknowledged is still there after kill -9, on other ports too. */
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { Kafka, logLevel } from 'kafkajs';
import { kafkaSpec } from '../../../deploy/local/components/kafka';
import { schemaRegistrySpec } from '../../../deploy/local/components/schema-registry';
import { temporalSpec } from '../../../deploy/local/components/temporal';
import { ensureComponents } from '../../../deploy/local/install/ensure';
import { freePorts, whoHolds } from '../../../deploy/local/ports';
import { projectRoot } from '../../../schemas/root';
import { type RunningSpec, runSpec } from '../../support/run-spec';
import { startStack, type Stack } from '../../support/stack';

const NAMES = ['kafka', 'schema-registry', 'temporal'] as const;

let stack: Stack;
let env: Readonly<Record<string, string>>;
const moved: RunningSpec[] = [];

beforeAll(async () => {
  stack = await startStack({ want: NAMES, ownRegistry: true });
  env = stack.env;
}, 180_000);

afterAll(async () => {
  await Promise.all(moved.map((component) => component.stop()));
  await stack?.stop();
}, 60_000);

const connectKafka = (): Kafka => new Kafka({ brokers: [env['KAFKA_BROKERS'] ?? ''], logLevel: logLevel.NOTHING });

async function produce(topic: string, value: string): Promise<void> {
  const admin = connectKafka().admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
  await admin.disconnect();
  const producer = connectKafka().producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  await producer.send({ topic, messages: [{ value }] });
  await producer.disconnect();
}

async function consumeOne(topic: string): Promise<string | undefined> {
  const consumer = connectKafka().consumer({ groupId: `reader-${performance.now()}`, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const value = await new Promise<string | undefined>((resolve, reject) => {
    consumer.run({ eachMessage: async ({ message }) => resolve(message.value?.toString()) }).catch(reject);
  });
  await consumer.disconnect();
  return value;
}

const schemaOf = (name: string): string => JSON.stringify({ type: 'record', name, fields: [] });
const registry = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(`${env['SCHEMA_REGISTRY_URL']}${path}`, init);

async function register(name: string): Promise<number> {
  const answer = await registry(`/subjects/${name}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: schemaOf(name) }),
  });
  return ((await answer.json()) as { id: number }).id;
}

async function schemaWithId(id: number): Promise<string> {
  return ((await (await registry(`/schemas/ids/${id}`)).json()) as { schema: string }).schema;
}

async function withTemporal<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: env['TEMPORAL_ADDRESS'] ?? '' });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

const startWorkflow = (id: string): Promise<unknown> =>
  withTemporal(({ workflowService }) =>
    workflowService.startWorkflowExecution({
      ...{ namespace: 'default', workflowId: id, requestId: id },
      ...{ workflowType: { name: 'nobody' }, taskQueue: { name: 'nobody' } },
    }),
  );

const describeWorkflow = (id: string): Promise<unknown> =>
  withTemporal(({ workflowService }) =>
    workflowService.describeWorkflowExecution({ namespace: 'default', execution: { workflowId: id } }),
  );

/** The same data, on other ports. */
async function startElsewhere(): Promise<void> {
  const paths = await ensureComponents({ projectRoot: projectRoot(), want: new Set(NAMES), report: () => undefined });
  const [broker = 0, controller = 0, http = 0, grpc = 0] = await freePorts(4);
  const { dataDir } = stack;
  const specs = [
    kafkaSpec({ dataDir, paths, ports: { broker, controller } }),
    schemaRegistrySpec({ dataDir, paths, ports: { http } }),
    temporalSpec({ dataDir, paths, ports: { grpc } }),
  ];
  moved.push(...(await Promise.all(specs.map((spec) => runSpec(spec, join(dataDir, 'logs', `${spec.name}.log`))))));
  env = Object.assign({}, ...specs.map((spec) => spec.clientEnv)) as Record<string, string>;
}

test.each([
  ['kafka', /kafka/],
  ['schemaRegistry', /registry/],
  ['temporal', /temporal/],
] as const)('%s holds its port, and nobody outside this machine reaches it', async (name, command) => {
  expect(whoHolds(stack.ports[name])?.command).toMatch(command);
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => address.family === 'IPv4' && !address.internal);
  for (const { address } of outside) expect(await connects(address, stack.ports[name])).toBe(false);
});

function connects(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 });
    const end = (connected: boolean) => (): void => {
      socket.destroy();
      resolve(connected);
    };
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
  });
}

test('the registry checks compatibility by default, and says 404 for an unknown subject', async () => {
  expect(await (await registry('/config')).json()).toMatchObject({ compatibilityLevel: 'BACKWARD_TRANSITIVE' });
  expect((await registry('/config/nobody')).status).toBe(404);
});

test('the broker does not make topics by itself', async () => {
  const producer = connectKafka().producer({ allowAutoTopicCreation: true, retry: { retries: 0 } });
  await producer.connect();
  await expect(producer.send({ topic: 'typo', messages: [{ value: 'x' }] })).rejects.toThrow();
  await producer.disconnect();
});

test('finished workflows are kept for three days', async () => {
  const { config } = await withTemporal((c) => c.workflowService.describeNamespace({ namespace: 'default' }));
  expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(72 * 3_600);
});

test('a message, schemas and their ids, and a workflow survive kill -9 and a change of ports', async () => {
  await produce('kept', 'still here');
  expect(await consumeOne('kept')).toBe('still here');
  await startWorkflow('kept');
  // Last, and nothing after it: by default H2 writes 500 ms later, and the ids would be given again.
  const ids = [await register('one'), await register('other')];

  await Promise.all(NAMES.map((name) => stack.kill(name)));
  await startElsewhere();

  expect(await Promise.all(ids.map(schemaWithId))).toEqual([schemaOf('one'), schemaOf('other')]);
  expect(ids).not.toContain(await register('third'));
  expect(await consumeOne('kept')).toBe('still here');
  expect(await describeWorkflow('kept')).toMatchObject({
    workflowExecutionInfo: { execution: { workflowId: 'kept' } },
  });
}, 120_000);
