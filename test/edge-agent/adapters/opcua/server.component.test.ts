/**
 * Our client against a server by others, node-opcua-server, behind a wire that can be cut: trust, users, types, sessions taken
 * over, history. One server for all of it: reading the standard's address space takes seconds.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FieldValue, type Sample } from '../../../../edge-agent/adapter';
import { OpcUaAdapter } from '../../../../edge-agent/adapters/opcua/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { browseServer, serverOf, trustServer } from '../../../../edge-agent/verbs/browse';
import { OpcUaPlant, PLANT_NAMESPACE, PLANT_USER } from '../../../../deploy/local/plant/opcua/plant';
import { freePorts } from '../../../../deploy/local/ports';
import { planOf } from '../../plan-of';

const folder = mkdtempSync(join(tmpdir(), 'millrace-opcua-'));
const pki = join(folder, 'agent-pki');
const word = join(folder, 'word');
let plant: OpcUaPlant;

const profile = (opcua: string, points: string): string => `
agent: { id: a }
connections:
  - name: line
    protocol: opcua
    connect_timeout_ms: 20000
    backoff: { initial_ms: 50, max_ms: 200 }
    opcua: { endpoint: "${plant.endpoint}", ${opcua} }
devices:
  - { id: d, connection: line, namespace: ${PLANT_NAMESPACE}, scan_ms: 100, points: [${points}] }
`;

class Run {
  readonly samples: Sample[] = [];
  readonly reasons: string[] = [];
  readonly adapter: OpcUaAdapter;

  constructor(text: string) {
    const [connection] = planOf(text).connections;
    if (!connection) throw new Error('no connection');
    this.adapter = new OpcUaAdapter(connection, { clock: systemClock, random: Math.random });
    this.adapter.start({
      samples: ({ samples, ack }) => {
        this.samples.push(...samples);
        ack();
      },
      link: (e) => void (e.reason !== undefined && this.reasons.push(e.reason)),
      ready: () => Promise.resolve(),
    });
  }

  last(metric: string): Sample | undefined {
    return this.samples.findLast((s) => s.metric === metric);
  }

  counter(name: string): number {
    return this.adapter.status().counters[name] ?? 0;
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 30_000; !holds(); await sleep(20))
    if (performance.now() > end) throw new Error(`not within 30 s: ${what}`);
}

beforeAll(async () => {
  const [port = 0] = await freePorts(1);
  plant = new OpcUaPlant({ host: '127.0.0.1', port, dataDir: join(folder, 'plant') });
  await plant.start();
  writeFileSync(word, `${PLANT_USER.password}\n`);
}, 60_000);

afterAll(async () => {
  await plant?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const SECURE = (): string => `pki: ${pki}, user: { name: ${PLANT_USER.name}, password_file: ${word} }`;

test('an unknown server is refused with the command that trusts it, and let in once it is trusted', async () => {
  const text = profile(SECURE(), '{ metric: t, node: s=Boiler.Temperature }');
  const run = new Run(text);
  await until('a reason', () => run.reasons.length > 0);
  expect(run.reasons[0]).toMatch(/not trusted .*millrace agent trust/);
  expect(run.last('t')?.quality).toBe(65);
  const told: string[] = [];
  const output = { out: (t: string) => void told.push(t), err: (t: string) => void told.push(t) };
  expect(await trustServer(serverOf(planOf(text)), false, output)).toBe(2);
  expect(told.join('\n')).toMatch(/fingerprint {2}[0-9A-F:]{95}/);
  expect(await trustServer(serverOf(planOf(text)), true, output)).toBe(0);
  await until('a good reading', () => run.last('t')?.quality === 0);
  await run.adapter.close();
}, 60_000);

test('a wrong password is the reason told', async () => {
  const opcua = `pki: ${pki}, user: { name: ${PLANT_USER.name}, password: wrong }`;
  const run = new Run(profile(opcua, '{ metric: t, node: s=Boiler.Temperature }'));
  await until('a reason', () => run.reasons.length > 0);
  expect(run.reasons[0]).toMatch(/BadUserAccessDenied|BadIdentityTokenRejected/);
  await run.adapter.close();
}, 60_000);

const TYPES: readonly [name: string, type: string, first: FieldValue, next: FieldValue][] = [
  ['Boolean', 'bool', false, true],
  ['Int16', 'int16', -2, 77],
  ['UInt32', 'uint32', 4_123_456_789, 5],
  ['Int64', 'int64', -2n, -(2n ** 62n)],
  ['Float', 'float32', 21.5, -0.5],
  ['String', 'string', 'MILLRACE', 'Grüße'],
  ['DateTime', 'string', '1970-01-01T00:00:00.000Z', '2026-01-31T12:00:00.000Z'],
];

test('every type is read, written and read back; what is none is a bad reading, its neighbours are good', async () => {
  const points = TYPES.map(([n, t]) => `{ metric: ${n}, node: s=Types.${n}, type: ${t}, writable: true }`);
  const more = [
    '{ metric: Array, node: s=Types.Array }',
    '{ metric: hole, node: s=Nowhere }',
    '{ metric: alien, node: "nsu=urn:alien;i=1" }',
  ];
  const run = new Run(profile('policy: None', [...points, ...more].join(', ')));
  await until('all', () => [...TYPES.map(([n]) => n), 'Array', 'hole', 'alien'].every((m) => run.last(m)));
  for (const [name, , first] of TYPES) expect(run.last(name)).toMatchObject({ value: first, quality: 0 });
  expect(run.last('Array')).toMatchObject({ quality: 69 });
  expect(run.last('hole')).toMatchObject({ quality: 70 });
  expect(run.last('alien')).toMatchObject({ quality: 70 });
  for (const [metric, , , value] of TYPES) {
    await run.adapter.write({ device: 'd', metric, value, timeout_ms: 5_000 });
    expect(await run.adapter.read('d', metric, 5_000)).toMatchObject({ value, quality: 0 });
    await until(`${metric} told`, () => run.last(metric)?.value === value);
  }
  await run.adapter.close();
}, 60_000);

test('a session is taken over after a cut, and the history has what lies between', async () => {
  const run = new Run(
    profile(
      SECURE(),
      '{ metric: t, node: s=Boiler.Temperature, opcua: { history: true, queue_size: 2 } }, { metric: s, node: s=Boiler.Setpoint }',
    ),
  );
  await until('readings', () => run.samples.filter((s) => s.metric === 't').length > 5 && run.last('s') !== undefined);
  await plant.vanish();
  await until('it knows', () => run.last('t')?.quality === 65);
  const cut_at = run.last('t')?.at ?? 0;
  await sleep(1_500);
  await plant.start();
  await until('good again', () => run.last('t')?.quality === 0 && run.last('s')?.quality === 0);
  expect(run.counter('transferred')).toBe(1);
  expect(run.counter('subscribed')).toBe(1);
  const past = run.samples.filter((s) => s.past);
  expect(past.length).toBe(run.counter('history_values'));
  // More than the queue of two: what the server kept for us alone would not do.
  expect(past.filter((s) => s.at > cut_at).length).toBeGreaterThan(5);
  const times = run.samples.filter((s) => s.metric === 't' && s.quality === 0).map((s) => s.at);
  expect(new Set(times).size).toBe(times.length);
  await run.adapter.close();
}, 60_000);

const UA = 'nsu=http://opcfoundation.org/UA/';
const ALARM = [
  `{ metric: overheated, node: "${UA};i=2253", type: bool, opcua: { event: { field: ActiveState/Id, condition: Overheated } } }`,
  `{ metric: alarm_text, node: "${UA};i=2253", type: string, opcua: { event: { field: Message, condition: Overheated, source: "2:Boiler" } } }`,
  `{ metric: severity, node: "${UA};i=2253", type: uint16, opcua: { event: { field: Severity, type: "${UA};i=2782", min_severity: 500 } } }`,
  '{ metric: setpoint, node: s=Boiler.Setpoint, writable: true }',
  '{ metric: dose, node: s=Boiler.Dose, type: string, writable: true, opcua: { method_of: s=Boiler } }',
].join(', ');

test('a condition is a state over cuts, its events are told once; a method answers by name', async () => {
  plant.overheat(true);
  const run = new Run(profile(SECURE(), ALARM));
  await until('the alarm that was there before us', () => run.last('overheated')?.value === true);
  await until('its severity', () => run.last('severity')?.value === 800);
  expect(run.last('alarm_text')?.value).toMatch(/^overheated at/);
  plant.overheat(false);
  await until(
    'it is over',
    () => run.last('overheated')?.value === false && run.last('alarm_text')?.value === 'back to normal',
  );
  plant.overheat(true);
  await until('again', () => run.last('overheated')?.value === true);
  await plant.vanish();
  await until('nobody knows', () => run.last('overheated')?.quality === 65);
  plant.overheat(false);
  await plant.start();
  await until('over, as the events kept say', () => run.last('overheated')?.value === false);
  await until('asked again after the cut', () => run.counter('refreshes') === 2);
  const texts = run.samples.filter((s) => s.metric === 'alarm_text');
  await until('all told', () => run.samples.filter((s) => s.metric === 'alarm_text').length === 4);
  expect(texts.every((s) => s.quality === 0)).toBe(true);

  const call = (args: FieldValue[]) => run.adapter.call({ device: 'd', metric: 'dose', args, timeout_ms: 20_000 });
  expect(await call([2.5, 'biocide'])).toEqual({ batch: 1, total_l: 2.5 });
  await until('the answer as a reading', () => run.last('dose')?.value === '{"batch":1,"total_l":2.5}');
  await expect(call([500, 'biocide'])).rejects.toMatchObject({ code: 'device-exception', certain: true });
  await expect(call([1])).rejects.toThrow('takes 2 arguments (volume_l, agent)');
  await expect(call(['much', 'biocide'])).rejects.toMatchObject({ code: 'invalid-value' });
  await expect(run.adapter.read('d', 'dose', 5_000)).rejects.toThrow('no variable');
  await run.adapter.close();
}, 60_000);

test('browse gives points that a profile takes', async () => {
  const told: string[] = [];
  const output = { out: (t: string) => void told.push(t), err: () => undefined };
  const server = serverOf(undefined, undefined, plant.endpoint, 'None');
  const node = `nsu=${PLANT_NAMESPACE};s=Boiler`;
  expect(await browseServer(server, { node, depth: 3, max: 100 }, output)).toBe(0);
  const plan = planOf(`
agent: { id: a }
connections: [{ name: line, protocol: opcua, opcua: { endpoint: "${plant.endpoint}", policy: None } }]
devices:
  - id: d
    connection: line
    ${told.join('\n').replaceAll('\n', '\n    ')}`);
  expect([...(plan.devices.get('d')?.byMetric.keys() ?? [])]).toEqual(
    expect.arrayContaining(['Temperature', 'Pressure', 'Setpoint']),
  );
}, 60_000);
