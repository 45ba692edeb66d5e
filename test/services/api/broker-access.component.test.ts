/** A real broker with mutual TLS and an authorizer: what a certified agent may do there, and how soon a revoked one may not. */
import { webcrypto } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import * as x509 from '@peculiar/x509';
import { type Kafka, type Producer } from 'kafkajs';
import { freePorts } from '../../../deploy/local/ports';
import { systemClock } from '../../../edge-agent/io/clock';
import { KafkaLink } from '../../../edge-agent/io/shipper/link';
import { EmbeddedAuthority } from '../../../services/api/identity/authority';
import { KafkaAcls } from '../../../services/api/identity/broker-access';
import { type Name } from '../../../services/domain/identity';
import { Publisher } from '../../../schemas/publisher';
import {
  committedConsumer,
  createKafka,
  ensureTopics,
  idempotentProducer,
  streamConfig,
  type StreamConfig,
} from '../../../schemas/stream';
import { AgentTopics, Topics } from '../../../schemas/topics';
import { Authority } from '../../support/certificates';
import { type Stack, startStack } from '../../support/stack';

jest.setTimeout(120_000);

const dir = mkdtempSync(join(tmpdir(), 'millrace-broker-access-'));
const quiet = { warn: () => undefined };
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const HOUR = 3_600_000;
const open: Producer[] = [];
let stack: Stack;
let config: StreamConfig;
let authority: EmbeddedAuthority;
let serverCa: string;
let port = 0;
let acls: KafkaAcls;
let admin: ReturnType<Kafka['admin']>;
let serial = 0x40;

beforeAll(async () => {
  const server = new Authority(dir);
  server.issue(join(dir, 'broker.pem'), 30);
  serverCa = readFileSync(server.file, 'utf8');
  authority = await EmbeddedAuthority.fromFile(join(dir, 'agents-ca.pem'), 'MILLRACE_CA_KEY_FILE', Date.now());
  [port = 0] = await freePorts(1);
  stack = await startStack({
    want: ['kafka'],
    kafka: {
      listeners: [{ name: 'AGENTS', protocol: 'SSL', port, advertised: port }],
      properties: {
        'listener.name.agents.ssl.keystore.type': 'PEM',
        'listener.name.agents.ssl.keystore.location': join(dir, 'broker.pem'),
        'listener.name.agents.ssl.truststore.type': 'PEM',
        'listener.name.agents.ssl.truststore.location': join(dir, 'agents-ca.pem.crt'),
        'listener.name.agents.ssl.client.auth': 'required',
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:ANONYMOUS',
      },
    },
  });
  config = streamConfig({ SCHEMA_REGISTRY_URL: 'http://127.0.0.1:9', ...stack.env }, 'broker-access');
  admin = createKafka(config, quiet).admin();
  await admin.connect();
  await ensureTopics(admin, Object.values(Topics));
  acls = new KafkaAcls(admin, 1);
});

afterAll(async () => {
  await Promise.allSettled(open.map((p) => p.disconnect()));
  await admin?.disconnect();
  await stack?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const nameOf = (id: string): Name => ({ tenant: 'default', kind: 'agent', id });

/** What an agent would have on its disk. */
async function certified(name: Name, from = Date.now(), hours = 1): Promise<{ cert: string; key: string }> {
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: ECDSA });
  const order = { name, serial: (serial++).toString(16), issued_at: from, expires_at: from + hours * HOUR };
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    cert: await authority.sign(csr, order),
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
  };
}

function kafkaOf(identity: { cert: string; key: string }): Kafka {
  return createKafka({ ...config, brokers: [`127.0.0.1:${port}`], ssl: { ca: serverCa, ...identity } }, quiet);
}

/** Hardly tries again: what is refused is to be seen. */
async function producerOf(kafka: Kafka, transactionalId: string): Promise<Producer> {
  const producer = kafka.producer({
    transactionalId,
    idempotent: true,
    maxInFlightRequests: 1,
    retry: { retries: 1, initialRetryTime: 50 },
  });
  open.push(producer);
  await producer.connect();
  return producer;
}

async function produce(producer: Producer, topic: string): Promise<void> {
  const transaction = await producer.transaction();
  try {
    await transaction.send({ topic, messages: [{ key: 'k', value: 'v' }] });
    await transaction.commit();
  } catch (error) {
    await transaction.abort().catch(() => undefined);
    throw error;
  }
}

const GREETING_MS = 2_000;

/** What the broker says to a certificate: `open`, or why it ends the connection, which it does after the handshake. */
function greeting(identity: { cert: string; key: string }): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, ca: serverCa, ...identity });
    socket.once('error', (error) => resolve(error.message));
    setTimeout(() => resolve(socket.destroyed ? 'closed' : 'open'), GREETING_MS);
  });
}

/** A coordinator that was just made, or rights that are on their way to it, take a moment. */
async function eventually(what: () => Promise<void>): Promise<void> {
  const until = Date.now() + 20_000;
  for (;;)
    try {
      return await what();
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((r) => setTimeout(r, 200));
    }
}

let agent: Kafka;
let producer: Producer;

test('a certified agent writes with its own transactional id, and reads its own topics', async () => {
  await acls.allow(nameOf('edge-1'));
  await acls.allow(nameOf('edge-2'));
  agent = kafkaOf(await certified(nameOf('edge-1')));
  await eventually(async () => {
    producer = await producerOf(agent, 'edge-1');
    await produce(producer, Topics.telemetry.name);
  });
  const consumer = committedConsumer(agent, 'inbox-edge-1');
  const joined = new Promise((join) => consumer.on(consumer.events.GROUP_JOIN, join));
  await consumer.connect();
  await consumer.subscribe({ topics: [AgentTopics.commands('edge-1').name], fromBeginning: true });
  const read = new Promise((resolve) => {
    void consumer.run({ eachMessage: ({ message }) => Promise.resolve(resolve(message.value?.toString())) });
  });
  await joined;
  const platform = createKafka(config, quiet).producer();
  open.push(platform);
  await platform.connect();
  await platform.send({ topic: AgentTopics.commands('edge-1').name, messages: [{ key: 'k', value: 'a command' }] });
  expect(await read).toBe('a command');
  await consumer.disconnect();
});

test('the agent’s own ways to the stream have every right that they need', async () => {
  const link = new KafkaLink(agent, { agentId: 'edge-1', replicationFactor: 1, clock: systemClock });
  const nothing = { priority: undefined, telemetry: undefined };
  expect(await link.connect(() => undefined)).toEqual(nothing);
  const telemetry = { outbox: 'o', cursor: { next: 1, ranges: [] } };
  const record = { topic: Topics.telemetry.name, key: 'default/d', value: Buffer.from('v') };
  await link.ship([record], { ...nothing, telemetry });
  await link.disconnect();
  const again = new KafkaLink(agent, { agentId: 'edge-1', replicationFactor: 1, clock: systemClock });
  expect(await again.connect(() => undefined)).toEqual({ ...nothing, telemetry });
  await again.disconnect();
  const straight = new Publisher(() => idempotentProducer(agent));
  await straight.send([{ topic: Topics.commandEvents.name, key: 'default/c', value: Buffer.from('v') }]);
  await straight.close();
  producer = await producerOf(agent, 'edge-1');
});

test('it cannot act as another agent: other transactional ids and topics are refused', async () => {
  await expect(producerOf(agent, 'edge-2').then((p) => produce(p, Topics.telemetry.name))).rejects.toThrow(
    /not authorized|authorization failed|find group coordinator/i,
  );
  const refused = [AgentTopics.commands('edge-2').name, AgentTopics.commands('edge-1').name, Topics.devices.name];
  for (const topic of [...refused, Topics.identities.name])
    await expect(produce(producer, topic)).rejects.toThrow(/not authorized|authorization|UNKNOWN_TOPIC|does not host/i);
  const own = agent.admin();
  await own.connect();
  expect((await own.listTopics()).filter((t) => t.includes('edge-2'))).toEqual([]);
  await own.disconnect();
  await produce(producer, Topics.telemetry.name);
});

test('an expired certificate, and one of another authority, are not let in', async () => {
  const strange = await EmbeddedAuthority.fromFile(join(dir, 'strange-ca.pem'), 'X', Date.now());
  const mine = authority;
  const expired = await certified(nameOf('edge-1'), Date.now() - 2 * HOUR);
  authority = strange;
  const foreign = await certified(nameOf('edge-1'));
  authority = mine;
  expect(await greeting(await certified(nameOf('edge-1')))).toBe('open');
  for (const identity of [expired, foreign]) expect(await greeting(identity)).toMatch(/alert/i);
});

test('a revoked agent’s next write fails within 5 s, on the connection it has; a new claim lets it in again', async () => {
  const plain = agent.producer({ retry: { retries: 0 } });
  open.push(plain);
  await plain.connect();
  const write = () => plain.send({ topic: Topics.telemetry.name, acks: -1, messages: [{ key: 'k', value: 'v' }] });
  await write();
  const revoked = Date.now();
  await acls.deny(nameOf('edge-1'));
  let refused_ms: number | undefined;
  while (refused_ms === undefined && Date.now() - revoked < 5_000)
    await write().catch((error: Error) => {
      expect(error.message).toMatch(/not authorized/i);
      refused_ms = Date.now() - revoked;
    });
  expect(refused_ms).toBeLessThan(5_000);
  console.log(`refused ${refused_ms} ms after the revocation was asked for`);
  await expect(write()).rejects.toThrow(/not authorized/i);
  await expect(produce(producer, Topics.telemetry.name)).rejects.toThrow();
  await acls.allow(nameOf('edge-1'));
  await eventually(async () => produce(await producerOf(agent, 'edge-1'), Topics.telemetry.name));
});
