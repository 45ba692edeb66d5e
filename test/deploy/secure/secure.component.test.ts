/** What broker, registry and ClickHouse of `millrace up --secure` refuse. Rights of agents are in test/services/api/broker-access. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { localSecurity } from '../../../deploy/local/secure/certificates';
import { fetchTrusting } from '../../../deploy/local/secure/fetch';
import { dataDir } from '../../../deploy/local/data-dir';
import { createKafka, ensureTopics, streamConfig } from '../../../schemas/stream';
import { Topics } from '../../../schemas/topics';
import { EmbeddedAuthority } from '../../../services/api/identity/authority';
import { Authority } from '../../support/certificates';
import { type Stack, startStack } from '../../support/stack';
import { certified } from './certified';

jest.setTimeout(90_000);

const scratch = mkdtempSync(join(tmpdir(), 'millrace-secure-'));
let stack: Stack;
let ca: string;
/** Files of authorities: what processes here trust, and a stranger's. */
let trusted: string;
let foreign: string;
let authority: EmbeddedAuthority;

beforeAll(async () => {
  const dir = dataDir(scratch);
  const security = await localSecurity(dir, Date.now());
  trusted = security.http.authorities;
  foreign = new Authority(scratch).file;
  authority = await EmbeddedAuthority.fromFile(dir.keys.authority, 'MILLRACE_CA_KEY_FILE', Date.now());
  ca = readFileSync(security.broker.ca, 'utf8');
  stack = await startStack({ want: ['kafka', 'schema-registry', 'clickhouse'], security });
  const config = streamConfig(stack.env, 'secure');
  const admin = createKafka(config, { warn: () => undefined }).admin();
  await admin.connect();
  await ensureTopics(admin, [Topics.telemetry, Topics.deviceRequests]);
  await admin.disconnect();
});
afterAll(async () => {
  await stack?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

type Tls = { ca: string; cert?: string; key?: string } | undefined;

function kafkaOf(ssl: Tls): Kafka {
  const quick = {
    retry: { retries: 0 },
    connectionTimeout: 10_000,
    requestTimeout: 10_000,
    logLevel: logLevel.NOTHING,
  };
  return new Kafka({
    clientId: 'stranger',
    brokers: [`127.0.0.1:${stack.ports.kafka}`],
    ...(ssl && { ssl }),
    ...quick,
  });
}

/** Names of topics it is shown, or why it is shown none. */
async function asks(ssl: Tls): Promise<string> {
  const admin = kafkaOf(ssl).admin();
  try {
    await admin.connect();
    return (await admin.listTopics()).sort().join(' ');
  } catch (error) {
    return `refused: ${(error as Error).name}`;
  } finally {
    await admin.disconnect();
  }
}

test('the services, who made the topics, see them', async () => {
  const own = readFileSync(stack.env['KAFKA_SSL_CERT_FILE'] ?? '', 'utf8');
  expect(await asks({ ca, cert: own, key: own })).toBe('m2m.device-requests m2m.telemetry');
});

test('plain text is refused', async () => {
  expect(await asks(undefined)).toMatch(/^refused: /);
});

test('TLS without a certificate is refused', async () => {
  expect(await asks({ ca })).toMatch(/^refused: /);
});

test('a certificate of another authority is refused', async () => {
  const file = join(scratch, 'foreign.pem');
  new Authority(scratch).issue(file, 30);
  const stranger = readFileSync(file, 'utf8');
  expect(await asks({ ca, cert: stranger, key: stranger })).toMatch(/^refused: /);
});

test('a certificate of ours without rights is shown nothing, and writes nowhere', async () => {
  const identity = await certified(authority, { tenant: 'default', kind: 'agent', id: 'edge-9' });
  expect(await asks({ ca, ...identity })).toBe('');
  const producer = kafkaOf({ ca, ...identity }).producer({ retry: { retries: 0 } });
  await producer.connect();
  const sent = producer.send({ topic: Topics.telemetry.name, messages: [{ value: 'x' }] });
  await expect(sent).rejects.toThrow(/not authorized/i);
  await producer.disconnect();
});

const https: readonly [string, () => string, string, string][] = [
  ['the registry', () => `${stack.env['SCHEMA_REGISTRY_URL']}/subjects`, '[]', 'millrace:test-only'],
  ['ClickHouse', () => `${stack.env['CLICKHOUSE_URL']}/?query=SELECT+1`, '1\n', 'millrace:test-only'],
];

/** Status and body, or the code of the error before there was one. */
async function answerOf(url: string, login: string | undefined, authorities: string): Promise<string> {
  const headers = login && { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
  try {
    const answer = await fetchTrusting(authorities)(url, { ...(headers && { headers }) });
    const text = await answer.text();
    return answer.ok ? `${answer.status} ${text}` : String(answer.status);
  } catch (error) {
    return `refused: ${(error as { code?: string }).code ?? (error as { cause?: { code?: string } }).cause?.code}`;
  }
}

describe.each(https)('%s', (_name, url, answer, login) => {
  test('answers who trusts it and knows the password', async () => {
    expect(await answerOf(url(), login, trusted)).toBe(`200 ${answer}`);
  });

  test('a wrong password, and none, are refused', async () => {
    expect(await answerOf(url(), 'millrace:guess', trusted)).toMatch(/^40[13]$/);
    expect(await answerOf(url(), undefined, trusted)).toMatch(/^40[13]$/);
  });

  test('is not spoken to by who trusts another authority: the password stays', async () => {
    expect(await answerOf(url(), login, foreign)).toBe('refused: SELF_SIGNED_CERT_IN_CHAIN');
  });

  test('does not listen in plain text', async () => {
    const plain = await answerOf(url().replace('https:', 'http:'), login, trusted);
    expect(plain).toMatch(/^refused: (UND_ERR_SOCKET|ECONNRESET|HPE_)/);
  });
});
