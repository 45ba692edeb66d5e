/** One bad message among good ones: it alone goes to the dead letters; the rest of its batch goes in, once. */
import { cli } from '../../deploy/support/run-cli';
import { avroType, frame as framed, schemas } from '../../../schemas/codec';
import { subjectOf, Topics } from '../../../schemas/topics';
import { UNKNOWN_FOR_MS } from '../../../services/projector/writers';
import { type ServiceProcess } from '../service-process';
import { Bed, eventually, frame, onceInEveryTier } from './support/bed';

jest.setTimeout(60_000);

const TELEMETRY = Topics.telemetry.name;
const HOUR = 3_600_000;
const T0 = Math.floor(Date.now() / HOUR) * HOUR - HOUR;
/** No registry gives so many. */
const UNKNOWN_ID = 987_654;

let bed: Bed;
let projector: ServiceProcess;
beforeAll(async () => (bed = await Bed.start({ ownRegistry: true })), 60_000);
afterAll(async () => {
  await projector?.stop();
  await bed?.stop();
});

const good = (seq: number): Buffer => bed.telemetry.write(frame({ seq, ts: T0 + seq * 10_000 }));
const withId = (value: Buffer, id: number): Buffer => framed(id, value.subarray(5));
const run = (...argv: string[]) => cli(['dead-letters', ...argv], { ...bed.stack.env });
const readings = async (count: number): Promise<void> => {
  await eventually(
    `${count} readings`,
    async () => (await bed.one('SELECT sum(count) FROM millrace.readings_1h')) === `${count}`,
  );
};

type Letter = { message: string; code: string; reason: string; consumer: string };
const letters = async (count: number): Promise<Letter[]> =>
  eventually(`${count} dead letters`, async () => {
    const { out } = await run('list', '--json', '--topic', TELEMETRY);
    const found = JSON.parse(out) as Letter[];
    return found.length === count && found.sort((a, b) => (a.message < b.message ? -1 : 1));
  });

test('the bad alone go to the dead letters, each with its coordinates and its reason', async () => {
  const alarm = bed.ids[subjectOf(Topics.alarms)]!;
  await bed.produceRaw([
    good(1),
    withId(good(2), UNKNOWN_ID),
    good(3).subarray(0, 40),
    good(4),
    withId(good(5), alarm),
    bed.telemetry.write(frame({ seq: 6, ts: Date.UTC(1971, 0, 1) })),
    bed.telemetry.write(frame({ seq: 7, ts: Date.UTC(2098, 0, 1) })),
    Buffer.from('not framed at all'),
    null,
    good(8),
  ]);
  projector = await bed.projector();
  await readings(30);
  expect((await letters(7)).map((l) => [l.message, l.code])).toEqual([
    [`${TELEMETRY}:0:1`, 'unknown-schema'],
    [`${TELEMETRY}:0:2`, 'truncated'],
    [`${TELEMETRY}:0:4`, 'wrong-schema'],
    [`${TELEMETRY}:0:5`, 'out-of-range'],
    [`${TELEMETRY}:0:6`, 'out-of-range'],
    [`${TELEMETRY}:0:7`, 'undecodable'],
    [`${TELEMETRY}:0:8`, 'undecodable'],
  ]);
  // 10 readings each of frames 1, 4 and 8; a frame's values are seq to seq + 9.
  expect(await bed.tiers()).toEqual(onceInEveryTier(30, 30 * 4.5 + 10 * (1 + 4 + 8)));
  const ledger = await bed.rows(
    "SELECT `from`, `to`, messages, poison FROM millrace.ingest_ledger WHERE topic = 'm2m.telemetry'",
  );
  expect(ledger).toEqual([{ from: 0, to: 10, messages: 10, poison: 7 }]);
});

test('millrace dead-letters show gives the reason and the bytes', async () => {
  const shown = await run('show', `${TELEMETRY}:0:5`);
  expect(shown.code).toBe(0);
  expect(shown.out).toMatch(
    /out-of-range[\s\S]*readings from 1971-01-01T00:00:00.000Z[\s\S]*consumer +millrace-projector|consumer +millrace-projector[\s\S]*readings from 1971/,
  );
  expect(shown.out).toMatch(/000000 {2}00 00 /);
  expect((await run('show', `${TELEMETRY}:0:99`)).code).toBe(1);
});

test('writers of several schemas in one batch: an older one, the current one, one with a field more', async () => {
  const older = without(schemas['telemetry-frame'] as AvroRecord, ['clock_offset_ms', 'text_series', 'int_series']);
  const newer = with_(schemas['telemetry-frame'] as AvroRecord, { name: 'firmware', type: 'string', default: '' });
  const olderId = await register(older);
  const newerId = await register(newer);
  const write = (schema: object, id: number, seq: number, more: object = {}): Buffer =>
    framed(id, avroType(schema).toBuffer({ ...frame({ device_id: 'evolved', seq, ts: T0 + seq * 10_000 }), ...more }));
  await bed.produceRaw([
    write(older, olderId, 1),
    good(101),
    write(newer, newerId, 2, { firmware: '2.4.1' }),
    write(older, olderId, 3), // written before the upgrade, shipped after it
    write(newer, newerId, 4, { firmware: '2.4.2' }),
  ]);
  await readings(80);
  const rows = await bed.rows(
    "SELECT seq, count() AS n, sum(value) AS s, any(clock_offset_ms) AS o FROM millrace.readings WHERE device_id = 'evolved' GROUP BY seq ORDER BY seq",
  );
  expect(rows).toEqual([1, 2, 3, 4].map((seq) => ({ seq, n: 10, s: 45 + 10 * seq, o: 0 })));
  expect(await letters(7)).toHaveLength(7);
});

test('a message whose schema is registered late goes in when it is replayed, once', async () => {
  const late = with_(schemas['telemetry-frame'] as AvroRecord, { name: 'site', type: 'string', default: '' });
  const body = avroType(late).toBuffer({ ...frame({ device_id: 'late', seq: 1, ts: T0 }), site: 'north' });
  const next = 1 + (await register(without(schemas['telemetry-frame'] as AvroRecord, ['clock_offset_ms'])));
  await bed.produceRaw([framed(next, body)], 1);
  const letter = `${TELEMETRY}:1:0`;
  expect((await letters(8)).map((l) => [l.message, l.code])).toContainEqual([letter, 'unknown-schema']);

  expect(await register(late)).toBe(next);
  await new Promise((r) => setTimeout(r, UNKNOWN_FOR_MS));
  expect((await run('replay', letter)).err).toMatch(/sent back 1/);
  await readings(90);
  const twice = await run('replay', letter, '--json');
  expect([twice.code, JSON.parse(twice.out)]).toEqual([0, { sent: [], already: [letter] }]);
  expect(await bed.one("SELECT count() FROM millrace.readings WHERE device_id = 'late'")).toBe('10');
});

test('millrace dead-letters replay by filter asks for --confirm', async () => {
  const asked = await run('replay', '--topic', TELEMETRY, '--code', 'truncated');
  expect([asked.code, asked.out]).toEqual([2, `${TELEMETRY}:0:2\n`]);
  const sent = await run('replay', '--topic', TELEMETRY, '--code', 'truncated', '--confirm');
  expect(sent.code).toBe(0);
  const again = await eventually('refused again', async () =>
    (JSON.parse((await run('list', '--json', '--code', 'truncated')).out) as { headers_hex: object }[]).find(
      (l) => Object.keys(l.headers_hex).length > 0,
    ),
  );
  expect(again.headers_hex).toEqual({
    'millrace-replay-of': Buffer.from(`${TELEMETRY}:0:2`).toString('hex').toUpperCase(),
  });
});

interface AvroRecord {
  readonly fields: readonly { readonly name: string }[];
}

const without = (schema: AvroRecord, names: readonly string[]): object => ({
  ...schema,
  fields: schema.fields.filter((f) => !names.includes(f.name)),
});

const with_ = (schema: AvroRecord, field: { readonly name: string; type: string; default: string }): object => ({
  ...schema,
  fields: [...schema.fields, field],
});

/** Registers a version of the telemetry's schema and gives its id. */
async function register(schema: object): Promise<number> {
  const url = `${bed.stack.env['SCHEMA_REGISTRY_URL']}/subjects/${subjectOf(Topics.telemetry)}/versions`;
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: JSON.stringify(schema) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return (JSON.parse(text) as { id: number }).id;
}
