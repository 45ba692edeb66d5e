/** `millrace rebuild --from`: a part of the log, older rows as they are; what differs is refused, and a run is continued. */
import { type ServiceProcess } from '../service-process';
import { Bed } from './support/bed';
import { History, T0 } from './support/history';

jest.setTimeout(120_000);

const FRAMES = 12;

let bed: Bed;
let history: History;
let projector: ServiceProcess;
beforeAll(async () => {
  bed = await Bed.start();
  history = new History(bed);
  projector = await bed.projector();
}, 60_000);
afterAll(async () => {
  await projector?.stop();
  await bed?.stop();
});

test('a row that the log does not have is a difference; --from leaves older rows as they are', async () => {
  const bogus = (seq: number, received_at: number): string =>
    `INSERT INTO millrace.readings_raw (tenant, device_id, metric, ts, value, seq, received_at) VALUES ('acme', 'bogus', 'm', ${T0}, 1, ${seq}, ${received_at})`;
  for (let seq = 1; seq <= FRAMES; seq++) await history.produce(seq);
  await history.settled();
  const middle = FRAMES / 2;
  await bed.execute(bogus(1, history.receivedAt(middle - 5)));
  await bed.execute(bogus(2, history.receivedAt(middle + 5)));
  const offset = history.offsets.get(middle);
  const total = await bed.one('SELECT count() FROM millrace.readings');

  const refused = await history.millrace('rebuild', '--run', 'two', '--from', `m2m.telemetry:0:${offset}`);
  expect([refused.code, refused.said.match(/readings_raw: (\d+) rows live, (\d+) rebuilt/)?.slice(1)]).toEqual([
    1,
    [total, String(Number(total) - 1)],
  ]);
  expect(await bed.one('SELECT count() FROM millrace.readings')).toBe(total);

  // Its tables are all there: going on with the same run only compares again, and exchanges.
  const accepted = await history.millrace(
    'rebuild',
    '--run',
    'two',
    '--from',
    `m2m.telemetry:0:${offset}`,
    '--accept-differences',
  );
  expect(accepted.code).toBe(0);
  expect(await bed.one("SELECT groupArray(seq) FROM millrace.readings WHERE device_id = 'bogus'")).toBe('[1]');
  expect(await bed.one('SELECT count() FROM millrace.readings')).toBe(String(Number(total) - 1));
  expect(await bed.one("SELECT count() FROM system.databases WHERE name LIKE 'millrace_rebuild_two'")).toBe('0');
});
