/** A real broker that refuses: an expired certificate, a right taken away, a record too large. Readings are kept meanwhile. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ConfigResourceTypes,
  type Kafka,
  ResourcePatternTypes,
} from 'kafkajs';
import { freePorts } from '../../../../deploy/local/ports';
import { systemClock } from '../../../../edge-agent/io/clock';
import { DEFAULT_BOUNDS } from '../../../../edge-agent/io/outbox/bounds';
import { nodeFs } from '../../../../edge-agent/io/outbox/fs';
import { type DiskOutbox } from '../../../../edge-agent/io/outbox/outbox';
import { HintFile } from '../../../../edge-agent/io/shipper/hint';
import { KafkaLink } from '../../../../edge-agent/io/shipper/link';
import { DiskSchemaIds } from '../../../../edge-agent/io/shipper/schema-ids';
import { Shipper } from '../../../../edge-agent/io/shipper/shipper';
import { createKafka, ensureTopics, streamConfig, type StreamConfig } from '../../../../schemas/stream';
import { AgentTopics, Topics } from '../../../../schemas/topics';
import { Authority } from '../../../support/certificates';
import { type Stack, startStack } from '../../../support/stack';
import { frame, open } from '../outbox/helpers';
import { readTopic } from './stream';

jest.setTimeout(240_000);

const USER = 'edge';
const dir = mkdtempSync(join(tmpdir(), 'millrace-refusals-'));
const keystore = join(dir, 'broker.pem');
const cleanUps: (() => Promise<void>)[] = [];
let authority: Authority;
let stack: Stack;
let config: StreamConfig;
let kafka: Kafka;
let [tls, password]: [number, number] = [0, 0];

beforeAll(async () => {
  authority = new Authority(dir);
  authority.issue(keystore, -1);
  [tls = 0, password = 0] = await freePorts(2);
  const login = 'org.apache.kafka.common.security.plain.PlainLoginModule required';
  stack = await startStack({
    want: ['kafka', 'schema-registry'],
    kafka: {
      listeners: [
        { name: 'TLS', protocol: 'SSL', port: tls, advertised: tls },
        { name: 'PASSWORD', protocol: 'SASL_PLAINTEXT', port: password, advertised: password },
      ],
      properties: {
        'listener.name.tls.ssl.keystore.type': 'PEM',
        'listener.name.tls.ssl.keystore.location': keystore,
        'listener.name.password.sasl.enabled.mechanisms': 'PLAIN',
        'listener.name.password.plain.sasl.jaas.config': `${login} user_${USER}="secret";`,
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:ANONYMOUS',
      },
    },
  });
  config = streamConfig(stack.env, 'refusals');
  kafka = createKafka(config, { warn: () => undefined });
  const admin = kafka.admin();
  await admin.connect();
  const own = ['agent-tls', 'agent-password', 'agent-large'].flatMap((a) => [
    AgentTopics.commands(a),
    AgentTopics.devices(a),
  ]);
  await ensureTopics(admin, [...Object.values(Topics), ...own]);
  await admin.disconnect();
});

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

afterAll(async () => {
  await stack?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function shipping(
  agentId: string,
  over: Partial<StreamConfig>,
): Promise<{ outbox: DiskOutbox; shipper: Shipper }> {
  const data = mkdtempSync(join(dir, 'agent-'));
  const { outbox } = await open(nodeFs, DEFAULT_BOUNDS, systemClock, data);
  const quiet = { warn: () => undefined };
  const shipper = new Shipper({
    ...{ agentId, outbox, clock: systemClock, random: () => 0, onEvent: () => undefined, onFatal: () => undefined },
    link: new KafkaLink(createKafka({ ...config, ...over }, quiet), {
      agentId,
      replicationFactor: 1,
      clock: systemClock,
    }),
    schemaIds: new DiskSchemaIds(config, join(data, 'schema-ids.json')),
    hint: new HintFile(join(data, 'shipped.json')),
  });
  shipper.start();
  cleanUps.push(async () => {
    await shipper.stop();
    await outbox.close();
  });
  return { outbox, shipper };
}

async function failing(shipper: Shipper, failure: string): Promise<string> {
  while (shipper.status.failure !== failure) await systemClock.sleep(50);
  return shipper.status.lastError ?? '';
}

test('an expired certificate is said to be one; with a new one everything kept is shipped', async () => {
  const { outbox, shipper } = await shipping('agent-tls', {
    brokers: [`127.0.0.1:${tls}`],
    ssl: { ca: readFileSync(authority.file, 'utf8') },
  });
  await outbox.append([frame('tls')]);
  expect(await failing(shipper, 'tls')).toMatch(/certificate has expired/);
  await outbox.append([frame('tls')]);
  authority.issue(keystore, 30);
  await stack.restart('kafka');
  await shipper.whenShipped('telemetry', 2);
  expect(shipper.status).toMatchObject({ failure: undefined, lastError: undefined });
});

test('a right taken away is said so; given back, it goes on', async () => {
  const admin = kafka.admin();
  await admin.connect();
  const rule = (resourceType: AclResourceTypes, resourceName: string) => ({
    ...{ resourceType, resourceName, principal: `User:${USER}`, host: '*' },
    resourcePatternType: resourceName === 'm2m.' ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
    ...{ operation: AclOperationTypes.ALL, permissionType: AclPermissionTypes.ALLOW },
  });
  const writing = rule(AclResourceTypes.TOPIC, 'm2m.');
  await admin.createAcls({
    acl: [
      writing,
      rule(AclResourceTypes.GROUP, 'outbox-agent-password'),
      rule(AclResourceTypes.TRANSACTIONAL_ID, 'agent-password'),
    ],
  });
  const { outbox, shipper } = await shipping('agent-password', {
    brokers: [`127.0.0.1:${password}`],
    sasl: { mechanism: 'plain', username: USER, password: 'secret' },
  });
  await outbox.append([frame('password')]);
  await shipper.whenShipped('telemetry', 1);
  await admin.deleteAcls({ filters: [writing] });
  await outbox.append([frame('password')]);
  expect(await failing(shipper, 'not-authorized')).toMatch(/not authorized/i);
  await outbox.append([frame('password')]);
  await admin.createAcls({ acl: [writing] });
  await shipper.whenShipped('telemetry', 3);
  await admin.disconnect();
});

test('one record that the broker refuses goes aside, the others arrive once', async () => {
  const admin = kafka.admin();
  await admin.connect();
  const limit = (value: string) => ({
    validateOnly: false,
    resources: [
      {
        ...{ type: ConfigResourceTypes.TOPIC, name: Topics.telemetry.name },
        configEntries: [{ name: 'max.message.bytes', value }],
      },
    ],
  });
  await admin.alterConfigs(limit('5000'));
  const { outbox, shipper } = await shipping('agent-large', {});
  const frames = Array.from({ length: 30 }, (_, i) => frame(i === 17 ? 'too-large' : 'large', i === 17 ? 2_000 : 3, i));
  await outbox.append(frames);
  await shipper.whenShipped('telemetry', 30);
  expect(shipper.status.deadLetters).toBe(1);
  const keys = (await readTopic(kafka, Topics.telemetry.name)).map((m) => m.key);
  expect(keys.filter((k) => k === 'default/large')).toHaveLength(29);
  expect(keys).not.toContain('default/too-large');
  expect((await readTopic(kafka, Topics.deadLetters.name)).map((m) => m.key)).toEqual([
    'outbox-agent-large/telemetry:-1:17',
  ]);
  await admin.alterConfigs(limit('1048588'));
  await admin.disconnect();
});
