import { clickHouseSpec } from '../../../deploy/local/components/clickhouse';
import { probeClickHouse } from '../../../deploy/local/components/clickhouse';
import { kafkaSpec, probeKafka, serverProperties } from '../../../deploy/local/components/kafka';
import { probeSchemaRegistry, schemaRegistrySpec } from '../../../deploy/local/components/schema-registry';
import { type Readiness, reasonOf } from '../../../deploy/local/components/spec';
import { probeTemporal, temporalSpec } from '../../../deploy/local/components/temporal';
import { freePorts, whoHolds } from '../../../deploy/local/ports';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { once } from 'node:events';

const paths = { java: 'java', kafkaLibs: '/k', registryJar: '/r/x-runner.jar', temporalBinary: '/t' };
const dataDir = '/data';

test('a component that was not installed is refused when its spec is made', () => {
  const none = { java: 'java' };
  expect(() => kafkaSpec({ dataDir, ports: { broker: 1, controller: 2 }, paths: none })).toThrow('kafka');
  expect(() => schemaRegistrySpec({ dataDir, ports: { http: 1 }, paths: none })).toThrow('schema registry');
  expect(() => temporalSpec({ dataDir, ports: { grpc: 1 }, paths: none })).toThrow('temporal');
});

test('every spec lists its ports, and leads clients to itself', () => {
  const kafka = kafkaSpec({ dataDir, ports: { broker: 1, controller: 2 }, paths });
  expect([kafka.ports, kafka.clientEnv]).toEqual([[1, 2], { KAFKA_BROKERS: '127.0.0.1:1' }]);
  const registry = schemaRegistrySpec({ dataDir, ports: { http: 3 }, paths });
  expect(registry.clientEnv).toEqual({ SCHEMA_REGISTRY_URL: 'http://127.0.0.1:3/apis/ccompat/v7' });
  const temporal = temporalSpec({ dataDir, ports: { grpc: 4, ui: 5 }, paths });
  expect([temporal.ports, temporal.clientEnv['TEMPORAL_ADDRESS']]).toEqual([[4, 5], '127.0.0.1:4']);
  const common = { projectRoot: '/p', user: 'u', passwordFile: '/secret' };
  const clickhouse = clickHouseSpec({ dataDir, ports: { http: 6 }, ...common });
  expect(clickhouse.clientEnv).toMatchObject({ CLICKHOUSE_URL: 'http://127.0.0.1:6', CLICKHOUSE_USER: 'u' });
});

test('with TLS registry and ClickHouse speak HTTPS, and clients are told whom to trust', () => {
  const security = { authorities: '/ca.pem', certificate: '/http.pem' };
  const login = { user: 'u', passwordFile: '/secret' };
  const registry = schemaRegistrySpec({ dataDir, ports: { http: 3 }, paths, security: { ...security, ...login } });
  expect(registry.clientEnv).toEqual({
    SCHEMA_REGISTRY_URL: 'https://127.0.0.1:3/apis/ccompat/v7',
    SCHEMA_REGISTRY_USERNAME: 'u',
    SCHEMA_REGISTRY_PASSWORD_FILE: '/secret',
    NODE_EXTRA_CA_CERTS: '/ca.pem',
  });
  expect(registry.env).toMatchObject({ QUARKUS_HTTP_SSL_PORT: '3', QUARKUS_HTTP_INSECURE_REQUESTS: 'disabled' });
  const clickhouse = clickHouseSpec({ dataDir, ports: { http: 6 }, projectRoot: '/p', ...login, security });
  expect(clickhouse.clientEnv).toMatchObject({ CLICKHOUSE_URL: 'https://127.0.0.1:6', NODE_EXTRA_CA_CERTS: '/ca.pem' });
  expect(clickhouse.env['CLICKHOUSE_TLS_FILE']).toBe('/http.pem');
});

test('Temporal has a web interface only where there is a port for it', () => {
  expect(temporalSpec({ dataDir, ports: { grpc: 4 }, paths }).args).toContain('--headless');
  expect(temporalSpec({ dataDir, ports: { grpc: 4, ui: 5 }, paths }).args).toEqual(
    expect.arrayContaining(['--ui-port', '5']),
  );
});

test('Kafka listens and is advertised on the loopback interface only', () => {
  const text = serverProperties('/data/kafka/log', { broker: 11, controller: 12 });
  expect(text).toContain('\nlisteners=PLAINTEXT://127.0.0.1:11,CONTROLLER://127.0.0.1:12\n');
  expect(text).toContain('\nadvertised.listeners=PLAINTEXT://127.0.0.1:11\n');
  expect(text).toContain('\ncontroller.quorum.voters=1@127.0.0.1:12\n');
});

const probes: readonly [string, (address: string) => Promise<Readiness>][] = [
  ['Kafka', (address) => probeKafka([address])],
  ['registry', (address) => probeSchemaRegistry(`http://${address}`)],
  ['Temporal', (address) => probeTemporal(address)],
  ['ClickHouse', (address) => probeClickHouse(`http://${address}`)],
];

test.each(probes)('%s: nobody there', async (_name, probe) => {
  const [port] = await freePorts(1);
  expect(await probe(`127.0.0.1:${port}`)).toMatchObject({
    ready: false,
    reason: expect.stringMatching(/ECONNREFUSED|before the deadline/) as string,
  });
});

test.each(probes)('%s: somebody else there', async (_name, probe) => {
  const server = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await probe(`127.0.0.1:${port}`)).toMatchObject({ ready: false });
  server.closeAllConnections();
  server.close();
});

test('a taken port is named with who holds it', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(whoHolds(port)).toMatchObject({ port, pid: process.pid });
  server.close();
  await once(server, 'close');
  expect(whoHolds(port)).toBeUndefined();
});

test('free ports differ', async () => {
  expect(new Set(await freePorts(20)).size).toBe(20);
});

test('the innermost reason is what is told', () => {
  const inner = new Error('refused');
  expect(reasonOf(new Error('fetch failed', { cause: inner }))).toBe('refused');
  expect(reasonOf(new Error('fetch failed', { cause: new AggregateError([inner], '') }))).toBe('refused');
  expect(reasonOf('text')).toBe('text');
});
