import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { modbusRules } from '../../../../edge-agent/adapters/modbus/rules';
import { checkProfile } from '../../../../edge-agent/core/compile/check';
import { type Env } from '../../../../edge-agent/core/profile/document';
import { loadProfile, problemsOf } from '../../../../edge-agent/core/profile/load';
import { type Problem, problemText } from '../../../../edge-agent/core/profile/problem';
import { projectRoot } from '../../../../schemas/root';

const schema = JSON.parse(
  readFileSync(join(projectRoot(), 'edge-agent/core/profile/profile.schema.json'), 'utf8'),
) as object;

function load(text: string, env: Env = {}, files: Record<string, string> = {}): ReturnType<typeof loadProfile> {
  const readFile = (name: string): string => {
    const content = files[name];
    if (content === undefined) throw new Error(`no file ${name}`);
    return content;
  };
  return loadProfile({ file: 'p.yaml', text, env, schema, readFile });
}

function problems(text: string, env: Env = {}, files: Record<string, string> = {}): readonly Problem[] {
  const result = load(text, env, files);
  if (!result.ok) return result.problems;
  return problemsOf(checkProfile(result.loaded.profile, [modbusRules]), result.loaded);
}

const told = (...args: Parameters<typeof problems>): string[] => problems(...args).map(problemText);

const HEAD = `agent: { id: a }
connections:
  - { name: line, protocol: modbus-tcp, host: h }
`;
const DEVICE = `${HEAD}devices:
  - id: d
    connection: line
    points:
`;

test('a small profile is valid', () => {
  expect(problems(`${DEVICE}      - { metric: m, table: coil, address: 0 }\n`)).toEqual([]);
});

test('broken YAML is told with its line', () => {
  const [first] = problems('agent: { id: a\nconnections: []\n');
  expect(first).toMatchObject({ file: 'p.yaml', path: '' });
  expect(first?.expected).toMatch(/^valid YAML: /);
});

const SCHEMA_PROBLEMS: readonly [string, string, RegExp][] = [
  [
    'an unknown key',
    '      - { metric: m, table: coil, address: 0, adress: 1 }',
    /^p\.yaml:8:\d+: devices\[0\]\.points\[0\]\.adress, expected one of .*; did you mean address\?$/,
  ],
  [
    'an unknown type',
    '      - { metric: m, table: input-register, address: 0, type: uint17 }',
    /devices\[0\]\.points\[0\]\.type: got "uint17", expected one of bool, .*; did you mean uint16\?$/,
  ],
  [
    'an unknown table',
    '      - { metric: m, table: holding, address: 0 }',
    /table: got "holding", expected one of .*$/,
  ],
  [
    'a missing key',
    '      - { metric: m, table: coil }',
    /^p\.yaml:8:9: devices\[0\]\.points\[0\], expected a "address"$/,
  ],
  [
    'an address out of range',
    '      - { metric: m, table: coil, address: 65536 }',
    /address: got 65536, expected 0 to 65535$/,
  ],
  [
    'a name that cannot be a metric',
    '      - { metric: 1m, table: coil, address: 0 }',
    /metric: got "1m", expected text like /,
  ],
  ['text for a number', '      - { metric: m, table: coil, address: one }', /address: got "one", expected integer$/],
];
test.each(SCHEMA_PROBLEMS)('%s', (_, point, expected) => {
  const list = told(`${DEVICE}${point}\n`);
  expect(list).toHaveLength(1);
  expect(list[0]).toMatch(expected);
});

test('all problems are told at once, in the order of the file', () => {
  const list = problems(
    `${DEVICE}      - { metric: m, table: coil, address: one }\n      - { metric: n, table: coils, address: 1 }\n`,
  );
  expect(list.map((p) => p.line)).toEqual([8, 9]);
});

describe('the environment', () => {
  const port = (value: string): string => `agent: { id: a }
connections:
  - name: line
    protocol: modbus-tcp
    host: \${HOST:-127.0.0.1}
    port: ${value}
devices: [{ id: d, connection: line, points: [{ metric: m, table: coil, address: 0 }] }]
`;
  const settings = (env: Env, value = '${PORT:-502}'): unknown => {
    const result = load(port(value), env);
    return result.ok ? result.loaded.profile.connections[0] : result.problems.map(problemText);
  };

  test('takes the place of a variable, and numbers stay numbers', () => {
    expect(settings({ HOST: 'plc', PORT: '5020' })).toMatchObject({ host: 'plc', port: 5_020 });
  });

  test('gives way to the default, also when it is empty', () => {
    expect(settings({ HOST: '' })).toMatchObject({ host: '127.0.0.1', port: 502 });
  });

  test('must have what has no default', () => {
    expect(settings({}, '${PORT}')).toEqual([
      expect.stringMatching(/^p\.yaml:6:11: expected the environment variable PORT/),
    ]);
  });

  test('cannot become structure', () => {
    expect(settings({ HOST: 'a, b: [1]\nx: 1' })).toMatchObject({ host: 'a, b: [1]\nx: 1' });
  });
});

test('aliases that would explode are refused', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef'].map((p) => [...p] as [string, string]))
    bomb.push(`${to}: &${to} [${Array(10).fill(`*${from}`).join(', ')}]`);
  expect(told(bomb.join('\n'))).toEqual([expect.stringMatching(/expected fewer repetitions/)]);
});

describe('a tag list', () => {
  const profile = `${HEAD}devices:
  - id: d
    connection: line
    points_csv: tags.csv
`;
  const points = (csv: string): unknown => {
    const result = load(profile, {}, { 'tags.csv': csv });
    return result.ok ? result.loaded.profile.devices[0]?.points : result.problems.map(problemText);
  };

  test('as a controls engineer keeps it: semicolons, decimal commas, manual addresses, blanks', () => {
    const csv = [
      '\uFEFFTag;Address;Type;Scan rate;Raw low;Raw high;Eng low;Eng high;Units;Access;Description',
      '# boilers',
      'temp;30001;INT;500;0;1000;0;100,5;Cel;;"Outlet; ""north"""',
      '',
      'setpoint;40010;REAL;;;;;;Cel;RW;',
      'run;00001;;;;;;;;x;',
    ].join('\r\n');
    expect(points(csv)).toEqual([
      {
        metric: 'temp',
        table: 'input-register',
        address: 0,
        type: 'int16',
        scan_ms: 500,
        scale: { raw_low: 0, raw_high: 1_000, low: 0, high: 100.5 },
        low: 0,
        high: 100.5,
        unit: 'Cel',
        description: 'Outlet; "north"',
      },
      { metric: 'setpoint', table: 'holding-register', address: 9, type: 'float32', unit: 'Cel', writable: true },
      { metric: 'run', table: 'coil', address: 0, writable: true },
    ]);
  });

  test('with commas and zero-based addresses', () => {
    expect(points('metric,table,address,factor\nm,input-register,7,0.1\n')).toEqual([
      { metric: 'm', table: 'input-register', address: 7, scale: { factor: 0.1 } },
    ]);
  });

  const WRONG: readonly [string, string, RegExp][] = [
    [
      'a column nobody knows',
      'tag,adress\nm,1',
      /^tags\.csv:1:1: got "adress", expected a known column; did you mean address\?$/,
    ],
    ['a number that is none', 'tag,address,bit\nm,40001,x', /^tags\.csv:2:1: bit: got "x", expected a number$/],
    [
      'an address without a table',
      'tag,address\nm,12',
      /^tags\.csv:2:1: address: got "12", expected a table column, or an address such as/,
    ],
    ['a type nobody knows', 'tag,address,type\nm,40001,uint17', /^tags\.csv:2:1: type: got "uint17", expected one of/],
    ['no header', '', /^tags\.csv:1:1: expected a header line/],
  ];
  test.each(WRONG)('%s is told with its line', (_, csv, expected) => {
    expect((points(csv) as string[])[0]).toMatch(expected);
  });

  test('a problem that only the whole profile shows has the line of the list', () => {
    const list = told(profile, {}, { 'tags.csv': 'tag,address,writable\nm,30001,\nn,30002,rw\n' });
    expect(list).toEqual([expect.stringMatching(/^tags\.csv:3:1: devices\[0\]\.points\[1\]\.writable/)]);
  });

  test('that is not there', () => {
    expect(told(profile)).toEqual([
      expect.stringMatching(/^p\.yaml:7:17: points_csv: got "tags.csv", expected a readable file/),
    ]);
  });
});
