import { compileFences } from '../../../../edge-agent/core/geofence/compile';
import { FenceIndex } from '../../../../edge-agent/core/geofence/index';
import { FenceTracker, type Stays } from '../../../../edge-agent/core/geofence/tracker';
import { type FenceFeature } from '../../../../edge-agent/core/profile/types';

const yard = (properties: object = {}): FenceFeature => ({
  properties: { name: 'yard', ...properties },
  geometry: {
    type: 'Polygon',
    coordinates: [
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
        [0, 0],
      ],
    ],
  },
});

class Rig {
  now = 0;
  readonly tracker: FenceTracker;
  constructor(properties: object = {}, stays: Stays = {}) {
    const { fences } = compileFences({ features: [yard(properties)] });
    this.tracker = new FenceTracker(new FenceIndex(fences), fences, stays, 0);
  }
  go(lon: number, after_ms = 1_000): string[] {
    this.now += after_ms;
    return this.tracker.position('v1', lon, 0.5, this.now).map((e) => `${e.kind} ${e.fence} ${e.stayed_ms}`);
  }
}

test('enter and exit, each once', () => {
  const rig = new Rig();
  expect(rig.tracker.stay('v1', 'yard', 0)).toBeNull();
  expect([rig.go(-1), rig.go(0.5), rig.go(0.6), rig.go(2), rig.go(3)]).toEqual([
    [],
    ['enter yard 0'],
    [],
    ['exit yard 2000'],
    [],
  ]);
  expect(rig.tracker.stay('v1', 'yard', 0)).toBeUndefined();
});

test('a crossing counts when a later position still shows it', () => {
  const rig = new Rig({ time_ms: 2_000 });
  expect([rig.go(0.5), rig.go(-1), rig.go(0.5), rig.go(0.5), rig.go(0.5)]).toEqual([[], [], [], [], ['enter yard 0']]);
  expect(rig.tracker.stay('v1', 'yard', rig.now)).toBe(2_000);
});

test('and far enough beyond the edge', () => {
  const rig = new Rig({ distance_m: 1_000 });
  expect([rig.go(0.001), rig.go(-0.001), rig.go(0.01), rig.go(-0.001), rig.go(-0.02)]).toEqual([
    [],
    [],
    ['enter yard 0'],
    [],
    ['exit yard 1000'],
  ]);
});

test('staying is told once, by time alone', () => {
  const rig = new Rig({ dwell_ms: 5_000 });
  rig.go(0.5);
  expect(rig.tracker.tick(rig.now + 4_999)).toEqual([]);
  expect(rig.tracker.tick(rig.now + 5_000)).toEqual([{ kind: 'dwell', device: 'v1', fence: 'yard', stayed_ms: 5_000 }]);
  expect(rig.tracker.tick(rig.now + 9_000)).toEqual([]);
});

test('a restart finds the device where it was', () => {
  const before = new Rig();
  before.go(0.5);
  const after = new Rig({}, before.tracker.stays(before.now + 7_000));
  expect(after.go(0.5)).toEqual([]);
  expect(after.go(2)).toEqual(['exit yard 9000']);
});

test.each<[FenceFeature, RegExp]>([
  [{ ...yard(), properties: {} }, /properties.name/],
  [{ ...yard(), geometry: { type: 'Point', coordinates: [0, 0] } }, /Polygon or MultiPolygon, /],
  [
    {
      ...yard(),
      geometry: {
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [1, 1],
            [0, 0],
          ],
        ],
      },
    },
    /at least 4/,
  ],
  [
    {
      ...yard(),
      geometry: {
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [1, 0],
            [1, 1],
            [0, 1],
          ],
        ],
      },
    },
    /last position is their first/,
  ],
  [
    {
      ...yard(),
      geometry: {
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [1, 0],
            [1, 95],
            [0, 0],
          ],
        ],
      },
    },
    /degrees, not \[1,95\]/,
  ],
  [{ ...yard(), geometry: { type: 'Polygon', coordinates: [] } }, /a ring/],
])('what is no fence is refused', (feature, expected) => {
  const { issues } = compileFences({ features: [feature] });
  expect(`${issues[0]?.expected}, got ${JSON.stringify(issues[0]?.value)}`.replace(', got', ', ')).toMatch(expected);
  expect(issues[0]?.path).toEqual(['geofences', 'features', 0]);
});
