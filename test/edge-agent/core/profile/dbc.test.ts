import { DbcError, parseDbc } from '../../../../edge-agent/core/profile/dbc';
import { pointsOfDbc } from '../../../../edge-agent/core/profile/points-dbc';
import { planOfText, ProfileError } from '../../../../edge-agent/profile-file';

const MESSAGE =
  'BO_ 256 Engine: 8 ECU\n SG_ Speed : 0|16@1+ (0.25,0) [0|8000] "rpm" A,B\n SG_ Gear : 16|4@0- (1,0) [0|0] "" A\n';

test('unit, scale, limits, comment and table become what a profile calls them', () => {
  const { points } = pointsOfDbc(
    `VERSION ""\nNS_ :\n BA_\n VAL_\nBS_:\nBU_: ECU A B\n${MESSAGE}` +
      'CM_ SG_ 256 Speed "of the shaft;\nsmoothed";\nVAL_ 256 Gear 0 "P" -1 "R" ;\nVAL_ 256 Speed 65535 "none" ;',
  );
  expect(points).toEqual([
    {
      ...{ metric: 'Speed', unit: '/min', source_unit: 'rpm', scale: { factor: 0.25, offset: 0 }, low: 0, high: 8_000 },
      description: 'of the shaft;\nsmoothed',
      can: { id: 256, start: 0, length: 16 },
    },
    {
      metric: 'Gear',
      can: { id: 256, start: 16, length: 4, order: 'big', format: 'signed', values: { '-1': 'R', '0': 'P' } },
    },
  ]);
});

test('a name that two messages use carries its message; messages can be picked', () => {
  const two = `${MESSAGE}BO_ 2147483905 Gearbox: 8 ECU\n SG_ Speed : 0|8@1+ (1,0) [0|0] "x" A\n`;
  expect(pointsOfDbc(two).points.map((p) => p.metric)).toEqual(['Engine.Speed', 'Gear', 'Gearbox.Speed']);
  const [only] = pointsOfDbc(two, ['Gearbox']).points;
  expect(only).toEqual({ metric: 'Speed', source_unit: 'x', can: { id: 257, extended: true, start: 0, length: 8 } });
});

test('what a point cannot be is left out, with the reason', () => {
  const odd =
    'BO_ 1 M: 8 E\n SG_ A : 0|70@1+ (1,0) [0|0] "" X\n SG_ B : 0|8@1+ (0,0) [0|0] "" X\nBO_ 3221225472 None: 0 E\n SG_ C : 0|8@1+ (1,0) [0|0] "" X\n';
  expect(pointsOfDbc(odd)).toEqual({ points: [], leftOut: ['M.A: 70 bits', 'M.B: a factor of 0'] });
});

test.each([
  ['BO_ x', 'line 1: expected a number'],
  ['BO_ 1 M: 8 E\nSG_ A : 0|8@1+ (1;0)', 'line 2: expected ,'],
  ['\n\nSG_ A : 0|8', 'line 3: expected BO_ before SG_'],
  ['BO_ 1 M: 8 E\nSG_ A q : 0|8', 'line 2: expected M, m<number>'],
  ['BO_ 1 M: 8 E\nSG_ A : 0|8@1+ (1,0) [0|', 'line 2: expected a number'],
  ['CM_ "never ended', 'expected ;'],
])('%j: %s', (text, expected) => {
  expect(() => parseDbc(text)).toThrow(DbcError);
  expect(() => parseDbc(text)).toThrow(expected);
});

const profile = (points: string): string => `
agent: { id: a }
connections: [{ name: bus, protocol: can, host: far, can: { link: udp } }]
models: { engine: { points_dbc: engine.dbc, points: [${points}] } }
devices: [{ id: m, connection: bus, model: engine }]
`;
const plan = (points: string, dbc: string): ReturnType<typeof planOfText> =>
  planOfText({ file: 'p.yaml', text: profile(points), readFile: () => dbc }, {});

test('points_dbc makes a point of every signal; points say more of some', () => {
  const { devices } = plan('{ metric: Speed, writable: true, high: 3000, deadband: 5 }', MESSAGE);
  const device = devices.get('m');
  expect(device?.points.map((p) => p.metric)).toEqual(['Speed', 'Gear']);
  expect(device?.byMetric.get('Speed')).toMatchObject({
    writable: true,
    low: 0,
    high: 3_000,
    unit: '/min',
    scale: { num: 25 },
  });
});

test('a file that cannot be read is a problem at its place', () => {
  expect(() => plan('', 'BO_ x')).toThrow(ProfileError);
  expect(() => plan('', 'BO_ x')).toThrow(/p\.yaml:4:.*points_dbc.*line 1/s);
});
