import { planOf } from '../../plan-of';

const CONNECTION = '{ name: line, protocol: modbus-tcp, host: h }';

function profile(device: string, more = '', connection = CONNECTION): string {
  return `agent: { id: a }\nconnections: [${connection}]\n${more}devices:\n  - ${device}\n`;
}

const point = (fields: string): string => profile(`{ id: d, connection: line, points: [{ metric: m, ${fields} }] }`);
const REGISTER = 'table: holding-register, address: 0';
const device = (fields: string): string => profile(`{ id: d, connection: line, ${fields} }`);

function refusal(text: string): string {
  try {
    planOf(text);
    return 'accepted';
  } catch (e) {
    return (e as Error).message.replace(/^profile\.yaml:\d+:\d+: /gm, '');
  }
}

const WRONG: readonly [string, string, RegExp][] = [
  [
    'a connection that is not there',
    device('connection: lien, points: []').replace('connection: line, ', ''),
    /^devices\[0\]\.connection: got "lien", expected a connection: line; did you mean line\?/,
  ],
  [
    'a model that is not there',
    profile('{ id: d, connection: line, model: boilr }', 'models: { boiler: { points: [] } }\n'),
    /model: got "boilr", expected a model: boiler; did you mean boiler\?/,
  ],
  [
    'a device without points',
    device('points: []'),
    /^devices\[0\], expected points, points_csv, points_dbc, or a model/,
  ],
  [
    'two devices of one name',
    profile(
      `{ id: d, connection: line, points: [{ metric: m, ${REGISTER} }] }\n  - { id: d, connection: line, points: [{ metric: m, ${REGISTER} }] }`,
    ),
    /devices\[1\]\.id: got "d", expected a name used once: devices\[0\] has it already/,
  ],
  [
    'two connections of one name',
    profile(`{ id: d, connection: line, points: [{ metric: m, ${REGISTER} }] }`, '', `${CONNECTION}, ${CONNECTION}`),
    /connections\[1\]\.name: got "line"/,
  ],
  [
    'two points of one name',
    device(`points: [{ metric: m, ${REGISTER} }, { metric: m, ${REGISTER} }]`),
    /points\[1\]\.metric: got "m"/,
  ],
  [
    'a device named as the agent',
    profile(`{ id: a, connection: line, points: [{ metric: m, ${REGISTER} }] }`),
    /expected another name than the agent/,
  ],
  [
    'TCP without a host',
    profile(
      `{ id: d, connection: line, points: [{ metric: m, ${REGISTER} }] }`,
      '',
      '{ name: line, protocol: modbus-tcp }',
    ),
    /expected a "host"/,
  ],
  [
    'RTU without a serial port',
    profile(
      `{ id: d, connection: line, points: [{ metric: m, ${REGISTER} }] }`,
      '',
      '{ name: line, protocol: modbus-rtu }',
    ),
    /expected a "serial"/,
  ],
  [
    'requests in flight on RTU',
    profile(
      `{ id: d, connection: line, points: [{ metric: m, ${REGISTER} }] }`,
      '',
      '{ name: line, protocol: modbus-rtu-over-tcp, host: h, in_flight: 2 }',
    ),
    /in_flight: got 2, expected 1/,
  ],
  [
    'a wide value over the end',
    point('table: holding-register, address: 65533, type: uint64'),
    /address: got 65533, expected at most 65532/,
  ],
  ['a string without a length', point(`${REGISTER}, type: string`), /expected a "length"/],
  ['a length on a number', point(`${REGISTER}, length: 2`), /expected no length on uint16/],
  ['a number in a coil', point('table: coil, address: 0, type: int16'), /expected bool in table coil/],
  ['a bit of a coil', point('table: coil, address: 0, bit: 1'), /expected no bit in table coil/],
  ['a bool in a register without a bit', point(`${REGISTER}, type: bool`), /expected a "bit"/],
  [
    'bits over the end of a register',
    point(`${REGISTER}, type: bits, bit: 12, bit_count: 8`),
    /expected bits that lie in one register/,
  ],
  [
    'a writable input',
    point('table: input-register, address: 0, writable: true'),
    /a input-register cannot be written/,
  ],
  [
    'a string longer than the device gives at once',
    device(`limits: { registers: 8 }, points: [{ metric: m, ${REGISTER}, type: string, length: 9 }]`),
    /expected at most 8/,
  ],
  ['a scale on a bool', point('table: coil, address: 0, scale: { factor: 2 }'), /expected no scale on a boolean/],
  ['a factor of 0', point(`${REGISTER}, scale: { factor: 0 }`), /expected a number other than 0/],
  [
    'half a raw range',
    point(`${REGISTER}, scale: { raw_low: 0, raw_high: 1 }`),
    /expected factor and offset, or all of/,
  ],
  [
    'a raw range of nothing',
    point(`${REGISTER}, scale: { raw_low: 1, raw_high: 1, low: 0, high: 1 }`),
    /raw_low and raw_high to differ/,
  ],
  ['limits the wrong way round', point(`${REGISTER}, low: 5, high: 1`), /high: got 1, expected more than low/],
  [
    'a deadband of a percentage of nothing',
    point(`${REGISTER}, deadband: { percent: 1 }`),
    /expected low and high on the point/,
  ],
  [
    'a deadband that is both',
    point(`${REGISTER}, deadband: { percent: 1, absolute: 1 }, low: 0, high: 1`),
    /absolute or percent, not both/,
  ],
];

test.each(WRONG)('%s', (_, text, expected) => {
  expect(refusal(text)).toMatch(expected);
});

const WRITABLE = `points: [{ metric: sp, ${REGISTER}, writable: true, low: 0, high: 95 }, { metric: run, table: coil, address: 0, writable: true }, { metric: t, table: input-register, address: 0 }]`;
const command = (fields: string): string => device(`${WRITABLE}, commands: [{ name: c, ${fields} }]`);

const WRONG_COMMANDS: readonly [string, string, RegExp][] = [
  [
    'a metric that is not there',
    'writes: [{ metric: ps, value: 1 }]',
    /writes\[0\]\.metric: got "ps", expected a metric of the device: sp, run, t; did you mean sp\?/,
  ],
  ['a point that is not writable', 'writes: [{ metric: t, value: 1 }]', /expected a point with writable: true/],
  [
    'an argument that is not there',
    'args: [{ name: value }], writes: [{ metric: sp, value: $vlaue }]',
    /got "\$vlaue", expected an argument of the command: \$value; did you mean \$value\?/,
  ],
  [
    'an argument nobody uses',
    'args: [{ name: value }], writes: [{ metric: sp, value: 1 }]',
    /args\[0\]\.name: got "value", expected \$value in writes or verify/,
  ],
  [
    'an argument of another kind',
    'args: [{ name: on, type: boolean }], writes: [{ metric: sp, value: $on }]',
    /expected an argument for sp, which is number/,
  ],
  ['a literal of another kind', 'writes: [{ metric: run, value: 1 }]', /expected a boolean for run/],
  ['a literal out of range', 'writes: [{ metric: sp, value: 96 }]', /got 96, expected 0 to 95/],
  [
    'a default of another kind',
    'args: [{ name: v, default: x }], writes: [{ metric: sp, value: $v }]',
    /default: got "x", expected a number/,
  ],
  [
    'limits the wrong way round',
    'args: [{ name: v, min: 2, max: 1 }], writes: [{ metric: sp, value: $v }]',
    /max: got 1, expected at least min/,
  ],
  [
    'a verification of what is not there',
    'writes: [{ metric: sp, value: 1 }], verify: [{ metric: x, value: 1 }]',
    /verify\[0\]\.metric: got "x"/,
  ],
];

test.each(WRONG_COMMANDS)('a command with %s', (_, fields, expected) => {
  expect(refusal(command(fields))).toMatch(expected);
});

test('a finding about a model is told once, not once for each of its devices', () => {
  const models = `models: { m: { points: [{ metric: m, ${REGISTER}, type: string }] } }\n`;
  const text = profile('{ id: d1, connection: line, model: m }\n  - { id: d2, connection: line, model: m }', models);
  expect(refusal(text).split('\n')).toEqual([expect.stringMatching(/^models\.m\.points\[0\], expected a "length"/)]);
});
