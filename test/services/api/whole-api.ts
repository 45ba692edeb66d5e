/** The API with everything it can do, over memory: for programs that call it at random. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DeviceEvent } from '../../../schemas/generated';
import { projectRoot } from '../../../schemas/root';
import { tokenAccess } from '../../../services/api/access-from-env';
import { EmbeddedAuthority } from '../../../services/api/identity/authority';
import { IdentityBook } from '../../../services/api/identity/book';
import { OPEN_BROKER } from '../../../services/api/identity/broker-access';
import { CertificateProofs, ClaimCodes } from '../../../services/api/identity/holders';
import { Identities } from '../../../services/api/identity/identities';
import { CommandLog } from '../../../services/api/command-log';
import { Definitions } from '../../../services/api/definitions';
import { Directory } from '../../../services/api/directory';
import { iso } from '../../../services/api/views';
import { deviceState, type Harness, NO_HISTORY, NO_OVERVIEW, NOW, registrarOver, startApi } from './harness';

const DAY_MS = 86_400_000;

const registered = (tenant: string, device_id: string): DeviceEvent => ({
  ...{ event_id: 'e', tenant, device_id, version: 1, type: 'registered', state_from: null, state_to: 'registered' },
  ...{ at: NOW, actor: 'a', reason: null, request_id: 'r', data: '{}' },
});

/** For parameters of a path: values with which calls get further than 404. By path, then as schemathesis names parameters. */
export type Known = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

export interface WholeApi extends Harness {
  readonly known: Known;
}

const LETTER = 'm2m.telemetry:0:1';

const letter = {
  ...{ at: iso(NOW), source_topic: 'm2m.telemetry', source_partition: 0, source_offset: 1 },
  ...{ code: 'refused', reason: 'not Avro', tenant: 'default', value_hex: '00', key_hex: '', headers_hex: {} },
};

export async function startWholeApi(): Promise<WholeApi> {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-whole-api-'));
  const directory = new Directory();
  for (const [id, state] of [
    ['boiler-1', 'active'],
    ['pump-1', 'suspended'],
    ['meter-1', 'registered'],
  ] as const)
    directory.apply(deviceState(id, { state, path: 'acme/north/hall' }));
  const now = (): number => NOW;
  const book: IdentityBook = new IdentityBook({ append: (event) => Promise.resolve().then(() => book.apply(event)) });
  const authority = await EmbeddedAuthority.fromFile(join(dir, 'ca.pem'), 'MILLRACE_CA_KEY_FILE', NOW);
  let n = 0;
  const newId = (): string => `whole-${++n}`;
  const newSecret = (): string => newId().padStart(43, 's');
  const identities = new Identities({
    book,
    authority,
    broker: OPEN_BROKER,
    now,
    newId,
    newSecret,
    certificate_ms: DAY_MS,
  });
  const definitions = new Definitions();
  const commands = new CommandLog();
  commands.apply({
    ...{ command_id: 'c1', tenant: 'default', device_id: 'boiler-1', agent_id: 'edge-1', state: 'issued', at: NOW },
    ...{ actor: 'a', name: 'stop', args: '{}', qos: 1, attempt: 1, detail: '', result: '{}', seq: null },
  });
  const api = await startApi({
    commands,
    overview: { ...NO_OVERVIEW, deadLetter: () => Promise.resolve(letter) },
    ...(await tokenAccess({ MILLRACE_ISSUER_KEY_FILE: join(dir, 'issuer.pem') }, now)),
    ...{ directory, identities, holders: [new ClaimCodes(book, now), new CertificateProofs(authority, book, now)] },
    definitions,
    registrar: registrarOver(directory, definitions),
    history: {
      ...NO_HISTORY,
      lifecycle: (tenant, device) => {
        const version = directory.get(tenant, device)?.device.version ?? 0;
        const event = {
          type: 'registered',
          state_from: null,
          state_to: 'registered',
          actor: 'a',
          reason: null,
          data: '{}',
        };
        return Promise.resolve([{ ...event, version, at: iso(NOW) }]);
      },
      life: (tenant, device) => Promise.resolve(directory.get(tenant, device) ? [registered(tenant, device)] : []),
    },
  });
  const close = async (): Promise<void> => {
    await api.close();
    rmSync(dir, { recursive: true, force: true });
  };
  return { ...api, close, known: await furnish(api) };
}

/** Makes one of everything that can be made over the API. */
async function furnish(api: Harness): Promise<Known> {
  const make = async (method: string, path: string, body: unknown, headers = {}): Promise<Record<string, unknown>> => {
    const { status, body: made } = await api.call(method, `/api/v1${path}`, body, headers);
    if (status < 200 || status > 299) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(made)}`);
    return made;
  };
  const profile = readFileSync(join(projectRoot(), 'deploy', 'local', 'profiles', 'demo.yaml'), 'utf8');
  const image = createHash('sha256').update('image').digest('hex');
  await make('PUT', `/images/${image}`, 'image', { 'content-type': 'application/octet-stream' });
  await make('PUT', '/agents/edge-1/profile', { profile });
  await make('PUT', '/models/fan', { commands: [{ name: 'stop' }] });
  await make('PUT', '/groups/north', { filter: { path: 'acme/north' } });
  const batch = { filter: { all: true }, command: { name: 'stop' } };
  await make('POST', '/schedules', { schedule_id: 'night', cron: '0 22 * * *', batch });
  const key = await make('POST', '/api-keys', { name: 'scada', roles: ['viewer'] });
  const webhook = await make('POST', '/webhooks', { url: 'https://example.org/hook', events: ['alarm'] });
  const profiles = { 'path.id': ['edge-1'], 'body.profile': [profile] };
  return {
    '/agents/{id}/geofences': { 'path.id': ['edge-1'] },
    '/agents/{id}/probes': profiles,
    '/agents/{id}/profile': profiles,
    '/agents/{id}/profile/check': profiles,
    '/agents/{id}/profile/points': { ...profiles, 'body.connection': ['plant'] },
    '/api-keys/{id}/revoke': { 'path.id': [String(key['key_id'])] },
    '/batches/{id}': { 'path.id': ['b1'] },
    '/batches/{id}/stop': { 'path.id': ['b1'] },
    '/campaigns/{id}': { 'path.id': ['k1'] },
    '/commands/{id}': { 'path.id': ['c1'] },
    '/commands/{id}/approve': { 'path.id': ['c1'] },
    '/commands/{id}/cancel': { 'path.id': ['c1'] },
    '/dead-letters/{message}': { 'path.message': [LETTER] },
    '/dead-letters/{message}/replay': { 'path.message': [LETTER] },
    '/groups/{name}/devices': { 'path.name': ['north'] },
    '/images/{sha256}': { 'path.sha256': [image] },
    '/models': { 'body.profile': [profile] },
    '/schedules/{id}/{switch}': { 'path.id': ['night'] },
    '/webhooks/{id}': { 'path.id': [String(webhook['webhook_id'])] },
  };
}
