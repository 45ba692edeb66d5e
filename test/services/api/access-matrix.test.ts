/** Every route of openapi.json × every role × own and foreign tenant × site: what is answered is what the decision says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ApiKey } from '../../../schemas/generated';
import { projectRoot } from '../../../schemas/root';
import { actionOf, checkTable, ROUTES } from '../../../services/api/access-table';
import { createApp } from '../../../services/api/app';
import { openApiDocument } from '../../../services/api/description';
import { ANSWERED_ANEW } from '../../../services/api/idempotency';
import { type CertificateAuthority } from '../../../services/api/identity/authority';
import { IdentityBook } from '../../../services/api/identity/book';
import { OPEN_BROKER } from '../../../services/api/identity/broker-access';
import { Identities } from '../../../services/api/identity/identities';
import { type EmbeddedIssuer } from '../../../services/api/issuer';
import { ACTIONS, createKey, isReading, principal, type Role, ROLES, showKey } from '../../../services/domain/access';
import { deviceState, type Harness, NO_HISTORY, NO_OVERVIEW, NOW, startApi } from './harness';

type Where = 'own tenant' | 'own site' | 'other site' | 'foreign tenant';
const WHERE: readonly Where[] = ['own tenant', 'own site', 'other site', 'foreign tenant'];
const TENANT: Readonly<Record<Where, string>> = {
  'own tenant': 'default',
  'own site': 'default',
  'other site': 'default',
  'foreign tenant': 'foreign',
};
const SITE: Readonly<Record<Where, string>> = {
  'own tenant': '',
  'own site': '@acme/north',
  'other site': '@acme/south',
  'foreign tenant': '',
};

interface Case {
  readonly route: string;
  readonly method: string;
  readonly path: string;
  readonly action: keyof typeof ACTIONS;
  readonly on: string;
  readonly body?: object;
}

const DEVICE = 'pump-1';
const KEY_ID = 'f'.repeat(16);
const BATCH = { filter: { model: 'pump' }, command: { name: 'stop' } };
const DRAFT = 'agent: { id: edge-1 }\nconnections: [{ name: c, protocol: modbus-tcp, host: h }]\n';
const TAGS = { kind: 'csv', text: 'tag,address\nflow,30001\n' };
const BODIES: Readonly<Record<string, object>> = {
  'POST /devices': { device_id: 'new-1', path: 'acme/north/hall' },
  'POST /devices/{id}/commands': { name: 'set-speed' },
  'POST /devices/{id}/quarantine': { reason: 'leaks' },
  'PATCH /devices/{id}': { name: 'Pump' },
  'POST /devices/{id}/replace': { serial: 'sn-2' },
  'PUT /devices/{id}/config': { interval_s: 60 },
  'PUT /devices/{id}/config/reported': { config: {}, config_version: 0 },
  'POST /models': { profile: readFileSync(join(projectRoot(), 'deploy/local/profiles/demo.yaml'), 'utf8') },
  'POST /devices/{id}/decommissioning': { force: true },
  'PUT /models/{name}': { description: 'a pump' },
  'PUT /images/{sha256}': new Uint8Array(4),
  'POST /batches': BATCH,
  'POST /schedules': { schedule_id: 'nightly', cron: '0 3 * * *', batch: BATCH },
  'POST /campaigns': { filter: { model: 'pump' }, manifest: {} },
  'PUT /agents/{id}/profile': { profile: 'agent: {}' },
  'POST /agents/{id}/profile/check': { profile: 'agent: {}' },
  'POST /agents/{id}/profile/points': { profile: DRAFT, connection: 'c', device: 'd', source: TAGS },
  'POST /agents/{id}/probes': { kind: 'preview', profile: 'agent: {}' },
  'PUT /groups/{name}': { filter: { state: 'active' } },
  'POST /api-keys': { name: 'a', roles: ['viewer'] },
  'POST /webhooks': { url: 'https://hooks.example.org/millrace', events: ['alarm'] },
  'POST /identities/enroll': { csr: 'x' },
  'POST /identities/renew': { csr: 'x' },
  'POST /pseudonyms:find': { device_id: 'alice-heatpump' },
  'POST /tokens': { subject: 'a', roles: ['viewer'] },
};

/** Of the other parameters of paths. */
const NAMES: Readonly<Record<string, string>> = {
  name: 'some',
  kind: 'agent',
  switch: 'pause',
  order: 'pause',
  decision: 'retry',
  sha256: 'a'.repeat(64),
  message: 'm2m.telemetry:0:1',
};

/** Filled in from the document: a route added to it is tested without a change here, but for a body it needs. */
function cases(): Case[] {
  return Object.entries(ROUTES).flatMap(([route, access]) => {
    const [method = '', template = ''] = route.split(' ');
    const id = /^\/(api-keys|webhooks)/.test(template)
      ? KEY_ID
      : template.startsWith('/commands')
        ? 'command-1'
        : template.startsWith('/batches')
          ? 'b1'
          : DEVICE;
    const values = typeof access.action === 'string' ? [''] : Object.keys(access.action.values);
    return values.flatMap((value) => {
      const params = typeof access.action === 'string' ? {} : { [access.action.parameter]: value };
      const action = actionOf(access, params);
      const path = template.replace('{id}', id).replace(/\{(\w+)\}/g, (_, name: string) => NAMES[name] ?? value);
      const body = BODIES[route.replace('{move}', value)];
      return action ? [{ route, method, path, action, on: access.on, ...(body && { body }) }] : [];
    });
  });
}

const SCHEDULE = { schedule_id: DEVICE, cron: '0 3 * * *', time_zone: 'UTC', catch_up_ms: 60_000, note: '' };
const issuer = { issue: () => Promise.resolve('a.b.c'), jwks: { keys: [] } } as unknown as EmbeddedIssuer;

/** Nobody is certified by it. */
function identitiesInMemory(): Identities {
  const book: IdentityBook = new IdentityBook({ append: (event) => Promise.resolve().then(() => book.apply(event)) });
  let n = 0;
  const next = (): string => String(++n).padStart(43, 's');
  const clock = { now: () => NOW, newId: next, newSecret: next, certificate_ms: 1 };
  return new Identities({ book, broker: OPEN_BROKER, authority: {} as CertificateAuthority, ...clock });
}

let api: Harness;
const keys = new Map<string, string>();

async function start(): Promise<Harness> {
  const lifecycle = () => Promise.resolve([{ version: 99 }]);
  const letter = { source_topic: 'm2m.telemetry', source_partition: 0, source_offset: 1, reason: 'not Avro' };
  const overview = { ...NO_OVERVIEW, deadLetter: () => Promise.resolve(letter) };
  const started = await startApi({
    history: { ...NO_HISTORY, lifecycle },
    overview,
    identities: identitiesInMemory(),
    issuer,
  });
  started.schedules.set(DEVICE, { request: SCHEDULE, input: {}, paused: false });
  for (const where of WHERE)
    for (const role of ROLES) {
      const parts = {
        keyId: `${ROLES.indexOf(role)}${WHERE.indexOf(where)}`.padStart(16, '0'),
        secret: 's'.repeat(43),
      };
      const by = principal('user', 'root', TENANT[where], []);
      const key = createKey(by, { name: `${role} ${where}`, roles: [`${role}${SITE[where]}`], days: 1 }, parts, NOW);
      started.deps.keys.apply(key as ApiKey);
      keys.set(`${role} ${where}`, showKey(parts));
    }
  const by = principal('user', 'root', 'default', []);
  const parts = { keyId: KEY_ID, secret: 'x'.repeat(43) };
  started.deps.keys.apply(createKey(by, { name: 'target', roles: ['viewer'], days: 1 }, parts, NOW) as ApiKey);
  started.deps.commands.apply({
    ...{ command_id: 'command-1', tenant: 'default', device_id: DEVICE, agent_id: 'edge-1', name: 'x', args: '{}' },
    ...{ qos: 1, state: 'issued', at: NOW, attempt: 1, detail: '', result: '{}', seq: null, actor: 'a' },
  });
  return started;
}

beforeAll(async () => void (api = await start()));

beforeEach(() => api.deps.directory.apply(deviceState(DEVICE, { path: 'acme/north/hall' })));
afterAll(() => api.close());

/** Written apart from the code under test: the device is at acme/north/hall, of the tenant default. */
function expected({ action, on }: Case, role: Role, where: Where): 'allowed' | 'refused' | 'hidden' {
  const enough = ROLES.indexOf(role) >= ROLES.indexOf(ACTIONS[action]);
  if (action === 'identity.enroll' || action === 'identity.renew') return 'refused';
  if (on === 'self') return 'allowed';
  if (on === 'scope') return 'allowed';
  if (on === 'tenant') return enough && (where === 'own tenant' || where === 'foreign tenant') ? 'allowed' : 'refused';
  if (where === 'other site') return 'hidden';
  if (where === 'foreign tenant' && on !== 'new-device') return enough ? 'allowed' : 'hidden';
  return enough ? 'allowed' : 'refused';
}

const typeOf = (body: object): string => (body instanceof Uint8Array ? 'application/octet-stream' : 'application/json');

interface Told {
  readonly status: number;
  readonly text: string;
  readonly replayed: boolean;
}

async function ask({ method, path, body }: Case, who: string, more = {}): Promise<Told> {
  const abort = new AbortController();
  const answer = await fetch(`${api.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${keys.get(who)}`, ...(body && { 'content-type': typeOf(body) }), ...more },
    ...(body && { body: body instanceof Uint8Array ? body : JSON.stringify(body) }),
    signal: abort.signal,
  });
  const replayed = answer.headers.get('idempotent-replayed') === 'true';
  if (path !== '/stream' || answer.status !== 200)
    return { status: answer.status, text: await answer.text(), replayed };
  abort.abort();
  return { status: 200, text: '', replayed };
}

const table = cases().flatMap((c) => ROLES.flatMap((role) => WHERE.map((where) => [c, role, where] as const)));

test.each(table.map(([c, role, where]) => [`${c.method} ${c.path}`, role, where, c] as const))(
  '%s as %s of %s',
  async (_, role, where, c) => {
    api.audit.length = 0;
    const { status, text } = await ask(c, `${role} ${where}`);
    const want = expected(c, role, where);
    const foreign = where === 'foreign tenant' && ['device', 'command'].includes(c.on);
    const said = want === 'allowed' ? 'allowed' : 'refused';
    if (want === 'refused') expect(status).toBe(403);
    else if (want === 'hidden' || foreign) expect(status).toBe(404);
    else expect([401, 403]).not.toContain(status);
    expect(status).toBeLessThan(500);
    if (foreign || c.on === 'scope')
      expect(where === 'foreign tenant' && /acme\/north|"target"/.test(text)).toBe(false);
    const [entry] = api.audit;
    if (want === 'allowed' && isReading(c.action)) expect(entry).toBeUndefined();
    else expect(entry).toMatchObject({ outcome: said, action: c.action });
    expect(JSON.stringify(api.audit)).not.toContain('s'.repeat(43));
  },
);

test('the matrix is as large as the document', () => {
  const paths = Object.values(openApiDocument().paths ?? {});
  const operations = paths.flatMap((p) =>
    Object.keys(p as object).filter((k) => /^(get|post|put|patch|delete)$/.test(k)),
  );
  expect(Object.keys(ROUTES)).toHaveLength(operations.length);
  expect(table.length).toBeGreaterThanOrEqual(operations.length * ROLES.length * WHERE.length);
});

test('a foreign device is answered word for word like one that does not exist', async () => {
  const devices = cases().filter((c) => c.on === 'device');
  expect(devices.length).toBeGreaterThan(5);
  for (const c of devices)
    for (const who of ['admin foreign tenant', 'admin other site']) {
      const there = await ask(c, who);
      const nowhere = await ask({ ...c, path: c.path.replace(DEVICE, 'nobody') }, who);
      const plain = (text: string): string => text.replace(/"instance":"[^"]*"/, '').replaceAll(DEVICE, 'nobody');
      expect({ ...there, text: plain(there.text) }).toEqual({ ...nowhere, text: plain(nowhere.text) });
    }
});

describe('every POST under an Idempotency-Key', () => {
  const posts = cases().filter(({ method }) => method === 'POST');
  /** Told in tests of their own: here they are refused, for want of what they work with. */
  const REFUSED_HERE = [
    'POST /campaigns',
    'POST /identities/enroll',
    'POST /identities/renew',
    'POST /pseudonyms:find',
  ];
  const carriedOut = new Set<string>();
  let version = 0;

  beforeAll(async () => {
    await api.close();
    api = await start();
  });
  beforeEach(() => {
    version += 100;
    api.deps.directory.apply(deviceState(DEVICE, { path: 'acme/north/hall', version }));
  });

  test.each(posts.map((c) => [`${c.method} ${c.path}`, c] as const))('%s', async (_, c) => {
    const key = { 'idempotency-key': c.path };
    const first = await ask(c, 'admin own tenant', key);
    if (first.status >= 300) return;
    carriedOut.add(c.route);
    const [again, other] = [
      await ask(c, 'admin own tenant', key),
      await ask(c, 'admin own tenant', { ...key, 'if-match': '"7"' }),
    ];
    if (!ANSWERED_ANEW[c.route]) expect(again).toEqual({ ...first, replayed: true });
    if (ANSWERED_ANEW[c.route] !== 'body is not looked at') expect(other.status).toBe(422);
    expect((await ask(c, 'admin foreign tenant', key)).replayed).toBe(false);
  });

  test('is declared, and none was forgotten', () => {
    const paths = openApiDocument().paths as Readonly<Record<string, { readonly post?: object }>>;
    const routes = [...new Set(posts.map((c) => c.route))];
    const declaration = (route: string): string => JSON.stringify(paths[route.replace('POST ', '')]?.post);
    const undeclared = routes.filter((r) => !declaration(r).includes('/parameters/IdempotencyKey'));
    expect(undeclared).toEqual([]);
    expect(routes.filter((r) => !carriedOut.has(r))).toEqual(REFUSED_HERE);
    expect(Object.keys(ANSWERED_ANEW).filter((r) => !routes.includes(r))).toEqual([]);
  });
});

describe('the table and the document', () => {
  const { paths } = openApiDocument() as { paths: Record<string, object> };

  test('a route without an action cannot start', () => {
    expect(() => checkTable({ paths: { ...paths, '/new': { get: {} } } })).toThrow(/GET \/new has no action/);
  });

  test('an action without a route cannot either, nor a value without an action', () => {
    const { '/stream': _, ...rest } = paths;
    expect(() => checkTable({ paths: rest })).toThrow(/GET \/stream is no route/);
    const move = paths['/devices/{id}/{move}'] as { parameters: object[] };
    const more = { name: 'move', schema: { enum: ['explode'] } };
    expect(() => checkTable({ paths: { ...paths, '/devices/{id}/{move}': { ...move, parameters: [more] } } })).toThrow(
      /no action for move explode/,
    );
  });

  test('the application is made only over a table that fits', () => {
    expect(createApp(api.deps)).toBeDefined();
  });
});

test.each(['/API/v1/api-keys', '/api/V1/api-keys', '/api/v1/API-KEYS', '/api/v1/api-keys/', '//api/v1/api-keys'])(
  '%s does not get round the table',
  async (path) => {
    const answer = await fetch(api.url + path, {
      headers: { authorization: `Bearer ${keys.get('viewer own tenant')}` },
    });
    expect([401, 403, 404]).toContain(answer.status);
  },
);
