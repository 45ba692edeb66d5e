/** Configurations that hold secrets, written to a log as somebody in a hurry would. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { REDACTED } from '../../../schemas/redaction';
import { projectRoot } from '../../../schemas/root';
import { streamConfig } from '../../../schemas/stream';
import { temporalConfig } from '../../../services/lib/temporal';

const dir = mkdtempSync(join(tmpdir(), 'millrace-redaction-'));
const CANARY = 'canary-7f3a91';
const file = join(dir, 'secret');
const open = join(dir, 'certificate');
beforeAll(() => {
  writeFileSync(file, CANARY);
  writeFileSync(open, 'for everybody');
});
afterAll(() => rmSync(dir, { recursive: true }));

function logged(fields: object): string {
  let text = '';
  const log = pino({ redact: REDACTED }, { write: (line: string) => void (text += line) });
  log.info(fields, 'configured');
  return text;
}

const stream = () =>
  streamConfig(
    {
      ...{ KAFKA_BROKERS: '127.0.0.1:1', SCHEMA_REGISTRY_URL: 'http://127.0.0.1:2' },
      ...{ KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'api', KAFKA_SASL_PASSWORD_FILE: file },
      ...{ SCHEMA_REGISTRY_USERNAME: 'api', SCHEMA_REGISTRY_PASSWORD_FILE: file },
      ...{ KAFKA_SSL_CA_FILE: open, KAFKA_SSL_CERT_FILE: open, KAFKA_SSL_KEY_FILE: file },
    },
    'test',
  );
const temporal = () => temporalConfig({ TEMPORAL_ADDRESS: 'localhost:1', TEMPORAL_API_KEY_FILE: file });

test.each([
  ['the stream', () => stream()],
  ['the stream, in a field', () => ({ stream: stream() })],
  ['Temporal', () => temporal()],
  ['Temporal, in a field', () => ({ config: temporal() })],
  ['headers of a request', () => ({ req: { headers: { authorization: `Bearer ${CANARY}`, cookie: CANARY } } })],
  ['a claim', () => ({ claim: CANARY })],
  ['a token', () => ({ token: CANARY, user: { token: CANARY } })],
])('%s tells no secret', (_, fields) => {
  expect(logged(fields())).toContain('[Redacted]');
  expect(logged(fields())).not.toContain(CANARY);
});

test('the test would see one', () => {
  expect(logged({ harmless: CANARY })).toContain(CANARY);
});

test('keys of records and codes of errors are told: they are no secrets', () => {
  expect(logged({ key: 'default/boiler-1', code: 'fenced' })).toContain('default/boiler-1');
});

test.each(['services/lib/service.ts', 'edge-agent/verbs/run.ts'])('%s logs so', (path) => {
  expect(readFileSync(join(projectRoot(), path), 'utf8')).toContain('redact: REDACTED');
});
