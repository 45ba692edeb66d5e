import { lacking } from '../../../deploy/setup/platform';
import { type Step, takeAll, type Told, waitForAll } from '../../../deploy/setup/steps';
import { type Migration } from '../../../deploy/clickhouse/render';

function pretend(name: Step['name'], missing: string[]): Step & { made: number } {
  const step = {
    name,
    made: 0,
    missing: () => Promise.resolve([...missing]),
    make: () => {
      step.made++;
      missing.length = 0;
      return Promise.resolve();
    },
  };
  return step;
}

const heard: Told[] = [];
beforeEach(() => void (heard.length = 0));
const tell = (told: Told): void => void heard.push(told);

test('only what is missing is made, and a second run makes nothing', async () => {
  const steps = [pretend('topics', ['m2m.telemetry']), pretend('schemas', [])];
  await takeAll(steps, tell);
  await takeAll(steps, tell);
  expect(steps.map((s) => s.made)).toEqual([1, 0]);
  expect(heard[0]).toEqual({ step: 'topics', missing: ['m2m.telemetry'] });
});

test('waiting ends when another has made everything, and makes nothing itself', async () => {
  const missing = ['001-telemetry.sql'];
  const step = pretend('tables', missing);
  let pauses = 0;
  const pause = (): Promise<void> => {
    if (++pauses === 3) missing.length = 0;
    return Promise.resolve();
  };
  expect(await waitForAll([step], { tries: 10, pause, tell })).toBe(true);
  expect([step.made, pauses]).toEqual([0, 3]);
});

test('waiting survives a component that is away, says why, and gives up after its tries', async () => {
  const away: Step = { ...pretend('schemas', []), missing: () => Promise.reject(new Error('refused')) };
  expect(await waitForAll([away], { tries: 2, pause: () => Promise.resolve(), tell })).toBe(false);
  expect(heard).toEqual([
    { step: 'schemas', missing: [], error: 'refused' },
    { step: 'schemas', missing: [], error: 'refused' },
  ]);
});

describe('tables', () => {
  const file = (version: number): Migration => ({
    version,
    name: `00${version}-x.sql`,
    checksum: `c${version}`,
    statements: [],
  });
  const had = (version: number, checksum = `c${version}`) => ({ version, name: `00${version}-x.sql`, checksum });

  test('of an older release are lacking, those of a newer one are enough: a release can be rolled back', () => {
    expect(lacking([file(1), file(2)], [had(1)])).toEqual(['002-x.sql']);
    expect(lacking([file(1)], [had(1), had(2)])).toEqual([]);
  });

  test('with another history are refused', () => {
    const changed = { ...file(1), statements: ['ALTER TABLE x'] };
    expect(() => lacking([changed], [had(1, 'other')])).toThrow(/checksum/);
  });
});
