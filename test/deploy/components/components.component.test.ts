/** The real components, through their specs: what was acknowledged is still there after kill -9 and a restart. */
import { Connection } from '@temporalio/client';
import { Kafka, logLevel } from 'kafkajs';
import { startStack, type Stack } from '../../support/stack';

const SCHEMA = { schema: '{"type":"record","name":"Probe","fields":[]}' };
const NAMES = ['kafka', 'schema-registry', 'temporal'] as const;

let stack: Stack;
let kafka: Kafka;
const url = (path: string): string => `${stack.env['SCHEMA_REGISTRY_URL']}${path}`;

beforeAll(async () => {
  stack = await startStack({ want: NAMES });
  kafka = new Kafka({ brokers: [stack.env['KAFKA_BROKERS'] ?? ''], logLevel: logLevel.NOTHING });
}, 120_000);

afterAll(() => stack?.stop(), 60_000);

async function consumeOne(topic: string): Promise<string | undefined> {
  const consumer = kafka.consumer({ groupId: `reader-${performance.now()}`, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const value = await new Promise<string | undefined>((resolve, reject) => {
    consumer.run({ eachMessage: async ({ message }) => resolve(message.value?.toString()) }).catch(reject);
  });
  await consumer.disconnect();
  return value;
}

async function register(subject: string): Promise<number> {
  const answer = await fetch(url(`/subjects/${subject}/versions`), {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify(SCHEMA),
  });
  return ((await answer.json()) as { id: number }).id;
}

async function startWorkflow(id: string): Promise<void> {
  const connection = await Connection.connect({ address: stack.env['TEMPORAL_ADDRESS'] ?? '' });
  await connection.workflowService.startWorkflowExecution({
    namespace: 'default',
    workflowId: id,
    workflowType: { name: 'nobody' },
    taskQueue: { name: 'nobody' },
    requestId: id,
  });
  await connection.close();
}

async function workflowExists(id: string): Promise<boolean> {
  const connection = await Connection.connect({ address: stack.env['TEMPORAL_ADDRESS'] ?? '' });
  const request = { namespace: 'default', execution: { workflowId: id } };
  const { workflowExecutionInfo } = await connection.workflowService.describeWorkflowExecution(request);
  await connection.close();
  return workflowExecutionInfo?.execution?.workflowId === id;
}

test('a message, a schema id and a workflow survive kill -9 of everything', async () => {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1 }], waitForLeaders: true });
  await admin.disconnect();
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  await producer.send({ topic: 'kept', messages: [{ value: 'still here' }] });
  await producer.disconnect();
  expect(await consumeOne('kept')).toBe('still here');
  await startWorkflow('kept');
  const id = await register('kept-value'); // last: the registry has no time to write anything later

  await Promise.all(NAMES.map((name) => stack.kill(name)));
  await Promise.all(NAMES.map((name) => stack.restart(name)));

  expect(await register('kept-value')).toBe(id);
  expect(await consumeOne('kept')).toBe('still here');
  expect(await workflowExists('kept')).toBe(true);
}, 120_000);

test('the registry checks compatibility by default, and says 404 for an unknown subject', async () => {
  expect(await (await fetch(url('/config'))).json()).toMatchObject({ compatibilityLevel: 'BACKWARD_TRANSITIVE' });
  expect((await fetch(url('/config/nobody'))).status).toBe(404);
});

test('the broker does not make topics by itself', async () => {
  const producer = kafka.producer({ allowAutoTopicCreation: true, retry: { retries: 0 } });
  await producer.connect();
  await expect(producer.send({ topic: 'typo', messages: [{ value: 'x' }] })).rejects.toThrow();
  await producer.disconnect();
});
