import { fails, fleetFaults, type Happened, imagesOf } from './fleet-journal';

const happened = (device_id: string, what: Happened['what']): Happened => ({
  ...{ command_id: `${device_id}.${what}`, device_id, what, sha256: 'ab' },
});
const good = [happened('d1', 'apply'), happened('d2', 'failed'), happened('d1', 'back'), happened('d2', 'nothing')];

test('a device runs what it was given last and not taken back', () => {
  expect([...imagesOf([happened('d1', 'apply'), happened('d2', 'apply'), happened('d1', 'back')]).keys()]).toEqual([
    'd2',
  ]);
});

test.each<[string, Happened[], RegExp]>([
  [
    'a device that was asked twice',
    [...good, happened('d2', 'failed')],
    /^1 devices were given the image more than once/,
  ],
  ['more devices than the first stage has', [...good, happened('d3', 'failed')], /^3 devices took the image/],
  ['nobody', [], /^0 devices took the image/],
  ['one that was left with it', good.slice(0, 2), /^1 devices still run/],
])('%s is a fault', (_what, journal, fault) => {
  expect(fleetFaults(journal, 2)).toEqual([expect.stringMatching(fault)]);
});

test('all put back is none', () => {
  expect(fleetFaults(good, 2)).toEqual([]);
});

test('the same devices fail, about as many as asked for', () => {
  const failing = Array.from({ length: 1_000 }, (_, i) => `sim-${i}`).filter((id) => fails(id, 10));
  expect(failing.length).toBeGreaterThan(50);
  expect(failing.length).toBeLessThan(200);
});
