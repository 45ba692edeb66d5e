import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plaintextProblem } from '../../schemas/plaintext';
import { registerSchemas, registryHeaders, streamConfig } from '../../schemas/stream';
import { Topics } from '../../schemas/topics';
import { clickHouseFromEnv } from '../../services/lib/clickhouse';
import { temporalConfig } from '../../services/lib/temporal';
import { loginOf } from '../../deploy/clickhouse/from-env';

const dir = mkdtempSync(join(tmpdir(), 'millrace-stream-config-'));
const password = join(dir, 'password');
beforeAll(() => writeFileSync(password, 'pässword\n'));
afterAll(() => rmSync(dir, { recursive: true }));

const local = { KAFKA_BROKERS: '127.0.0.1:9092', SCHEMA_REGISTRY_URL: 'http://127.0.0.1:8081' };
const abroad = { KAFKA_BROKERS: 'b1.example:9092', SCHEMA_REGISTRY_URL: 'https://registry.example' };

test.each([
  '127.0.0.1:9092',
  '127.5.5.5:1',
  'localhost:9092',
  '[::1]:9092',
  'http://localhost:8123/x',
  'https://user:pw@127.0.0.1',
])('%s is this machine: no TLS is asked for', (address) => {
  expect(plaintextProblem({}, { remote: 'kafka', addresses: [address], encrypted: false })).toBeUndefined();
});

test.each([
  'b1:9092',
  '10.0.0.7:9092',
  '127.0.0.1.example:9092',
  'localhost.example',
  'http://127.0.0.1@evil.example/',
  '[2001:db8::1]:9092',
])('%s is another machine: refused without TLS, unless it is said', (address) => {
  const connection = { remote: 'kafka', addresses: ['127.0.0.1:1', address], encrypted: false } as const;
  expect(plaintextProblem({}, connection)?.hint).toContain('MILLRACE_PLAINTEXT=kafka');
  expect(plaintextProblem({ MILLRACE_PLAINTEXT: 'clickhouse' }, connection)).toBeDefined();
  expect(plaintextProblem({ MILLRACE_PLAINTEXT: 'clickhouse, kafka' }, connection)).toBeUndefined();
  expect(plaintextProblem({}, { ...connection, encrypted: true })).toBeUndefined();
});

describe('the stream', () => {
  test('on this machine needs nothing more', () => {
    expect(streamConfig(local, 'test')).toEqual({
      clientId: 'test',
      brokers: ['127.0.0.1:9092'],
      registryUrl: 'http://127.0.0.1:8081',
    });
  });

  test('on another machine is refused in plain text, by component', () => {
    expect(() => streamConfig(abroad, 'test')).toThrow(/kafka.*another machine/);
    const registry = { ...local, SCHEMA_REGISTRY_URL: 'http://registry.example' };
    expect(() => streamConfig(registry, 'test')).toThrow(/schema-registry.*another machine/);
  });

  test('takes the authorities of the system with KAFKA_SSL=1, and a password over them', () => {
    const sasl = {
      KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
      KAFKA_SASL_USERNAME: 'api',
      KAFKA_SASL_PASSWORD_FILE: password,
    };
    const config = streamConfig({ ...abroad, ...sasl, KAFKA_SSL: '1' }, 'test');
    expect(config.ssl).toEqual({});
    expect(config.sasl).toEqual({ mechanism: 'scram-sha-512', username: 'api', password: 'pässword' });
  });

  test('refuses a mechanism that is none', () => {
    const env = { ...local, KAFKA_SASL_MECHANISM: 'kerberos' };
    expect(() => streamConfig(env, 'test')).toThrow(/KAFKA_SASL_MECHANISM is kerberos/);
  });

  test('logs in to a registry that wants it', () => {
    const login = { SCHEMA_REGISTRY_USERNAME: 'api', SCHEMA_REGISTRY_PASSWORD_FILE: password };
    const headers = registryHeaders(streamConfig({ ...local, ...login }, 'test'));
    const [, encoded = ''] = headers['authorization']?.split(' ') ?? [];
    expect(Buffer.from(encoded, 'base64').toString()).toBe('api:pässword');
    expect(registryHeaders(streamConfig(local, 'test'))).toEqual({});
  });
});

test('ClickHouse on another machine is https, or said otherwise', async () => {
  const env = { CLICKHOUSE_URL: 'http://clickhouse.example:8123' };
  expect(() => clickHouseFromEnv(env, 'test')).toThrow(expect.objectContaining({ variable: 'CLICKHOUSE_URL' }));
  expect(() => loginOf(env)).toThrow(/another machine/);
  const said = { ...env, MILLRACE_PLAINTEXT: 'clickhouse' };
  expect(loginOf(said).url).toBe(env.CLICKHOUSE_URL);
  jest.spyOn(console, 'warn').mockReturnValue(); // the client’s advice
  await clickHouseFromEnv(said, 'test').close();
  await clickHouseFromEnv({ CLICKHOUSE_URL: 'https://clickhouse.example:8443' }, 'test').close();
});

describe('Temporal', () => {
  const TEMPORAL_ADDRESS = 'temporal.example:7233';

  test('on another machine has TLS, or it is said otherwise', () => {
    expect(() => temporalConfig({ TEMPORAL_ADDRESS })).toThrow(
      expect.objectContaining({ variable: 'TEMPORAL_ADDRESS' }),
    );
    expect(temporalConfig({ TEMPORAL_ADDRESS, MILLRACE_PLAINTEXT: 'temporal' }).connection.tls).toBeUndefined();
    expect(temporalConfig({ TEMPORAL_ADDRESS, TEMPORAL_TLS: '1' }).connection.tls).toEqual({});
  });

  test('is reached by an API key over TLS', () => {
    writeFileSync(join(dir, 'key'), 'k\n');
    const { connection } = temporalConfig({ TEMPORAL_ADDRESS, TEMPORAL_API_KEY_FILE: join(dir, 'key') });
    expect(connection).toEqual({ address: TEMPORAL_ADDRESS, apiKey: 'k', tls: {} });
  });

  test('a client certificate needs its key', () => {
    expect(() => temporalConfig({ TEMPORAL_ADDRESS, TEMPORAL_TLS_CERT_FILE: password })).toThrow(/KEY_FILE/);
  });
});

/** A registry that answers each method in turn as it is told; `register` says what came of it, and how often it was asked. */
async function registering(answers: Record<string, [status: number, body: object][]>): Promise<[unknown, number]> {
  let asked = 0;
  const server = createServer((req, res) => {
    asked++;
    const of = answers[req.method ?? ''] ?? [];
    const [status, body] = (of.length > 1 ? of.shift() : of[0]) ?? [500, {}];
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const registryUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const registered = registerSchemas({ clientId: 'test', brokers: [], registryUrl }, [Topics.devices]);
  const outcome = await registered.catch((error: Error) => error.message);
  server.closeAllConnections();
  server.close();
  return [outcome, asked];
}

const UNKNOWN: [number, object] = [404, { error_code: 40_408, message: 'no such subject' }];

test('two processes that make a subject in the same moment both have it', async () => {
  const answers = {
    GET: [UNKNOWN, [200, { compatibilityLevel: 'BACKWARD_TRANSITIVE' }]],
    POST: [[200, { id: 7 }]],
    PUT: [[409, { error_code: 409, message: "A rule named 'COMPATIBILITY' already exists." }]],
  } satisfies Parameters<typeof registering>[0];
  expect(await registering(answers)).toEqual([{ 'm2m.devices-value': 7 }, 5]);
});

test('a schema that is not compatible is refused at once', async () => {
  const answers = { GET: [UNKNOWN], POST: [[409, { message: 'incompatible' }]] } satisfies Parameters<
    typeof registering
  >[0];
  expect(await registering(answers)).toEqual([expect.stringContaining('incompatible'), 2]);
});
