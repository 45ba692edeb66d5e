import { withNumber, type Range } from '../../../deploy/local/plant/ledger';
import { type Evidence, isSound, judge } from './judge-mixed';

test.each<[Range[], number, Range[]]>([
  [[], 5, [[5, 5]]],
  [[[5, 5]], 6, [[5, 6]]],
  [[[5, 6]], 4, [[4, 6]]],
  [[[5, 6]], 6, [[5, 6]]],
  [
    [
      [1, 2],
      [4, 4],
    ],
    3,
    [[1, 4]],
  ],
  [
    [[1, 2]],
    9,
    [
      [1, 2],
      [9, 9],
    ],
  ],
])('%j with %d is %j', (before, n, after) => expect(withNumber(before, n)).toEqual(after));

const good: Evidence = {
  acknowledged: { fan: [[10, 12]] },
  counted: [10, 11, 12, 13].map((number) => ({ device_id: 'fan', number, times: 1 })),
  frames: [
    { device_id: 'fan', last: 4, frames: 4 },
    { device_id: 'plc', last: 9, frames: 9 },
  ],
};
const judged = (evidence: Evidence): ReturnType<typeof judge> =>
  judge({ http: ['fan'], opcua: ['plc'] }, new Set(['http']), evidence);
const soundness = (evidence: Evidence): boolean[] => Object.values(judged(evidence)).map(isSound);

test('what was not acknowledged may be in SQL, once', () => {
  expect(judged(good)['http']).toEqual({
    ...{ devices: 1, acknowledged: 3, sum: { plant: 33, sql: 33 }, missing: 0, doubled: 0 },
    ...{ frames: 4, frames_missing: 0 },
  });
  expect(soundness(good)).toEqual([true, true]);
});

test.each<[string, Partial<Evidence>, boolean[]]>([
  ['lost', { counted: good.counted.slice(1) }, [false, true]],
  [
    'there twice',
    { counted: [{ device_id: 'fan', number: 13, times: 2 }, ...good.counted.slice(0, 3)] },
    [false, true],
  ],
  ['never acknowledged at all', { acknowledged: {} }, [false, true]],
  ['with a gap in its frames', { frames: [good.frames[0]!, { device_id: 'plc', last: 9, frames: 8 }] }, [true, false]],
  ['of a device that never came', { frames: [good.frames[0]!] }, [true, false]],
])('a message %s is no success', (_, change, sound) => expect(soundness({ ...good, ...change })).toEqual(sound));
