import { diffPlans } from '../../../../edge-agent/core/compile/diff';
import { planOf } from '../../plan-of';

const BASE = `
agent: { id: a, heartbeat_ms: 30000 }
connections:
  - { name: tcp, protocol: modbus-tcp, host: h }
  - { name: bus, protocol: modbus-rtu, serial: { device: /dev/ttyS0, baud_rate: 9600 } }
devices:
  - { id: d1, connection: tcp, unit: 1, points: [{ metric: x, table: holding-register, address: 7 }] }
  - { id: d2, connection: bus, unit: 1, points: [{ metric: y, table: holding-register, address: 8 }] }
  - { id: d3, connection: bus, unit: 2, points: [{ metric: z, table: holding-register, address: 9, writable: true }] }
`;

const D4 = '  - { id: d4, connection: bus, unit: 4, points: [{ metric: q, table: coil, address: 1 }] }\n';

const none = { ended: [], begun: [], altered: [], changed: [] };
const CASES: readonly [what: string, after: string, expected: Partial<Record<keyof typeof none, string[]>>][] = [
  ['nothing', BASE, {}],
  ['a point', BASE.replace('address: 8', 'address: 18'), { altered: ['bus'], changed: ['d2'] }],
  ['a scan time', BASE.replace('address: 8', 'address: 8, scan_ms: 5000'), { altered: ['bus'], changed: ['d2'] }],
  ['a unit', BASE.replace('unit: 2', 'unit: 3'), { altered: ['bus'], changed: ['d3'] }],
  ['a device more', BASE + D4, { altered: ['bus'] }],
  ['a device less', BASE.replace(/.*id: d3.*\n/, ''), { altered: ['bus'], changed: ['d3'] }],
  ['the last device of a line', BASE.replace(/.*id: d1.*\n/, ''), { ended: ['tcp'], changed: ['d1'] }],
  ['the settings of a line', BASE.replace('9600', '19200'), { ended: ['bus'], begun: ['bus'], changed: ['d2', 'd3'] }],
  ['the name of a line', BASE.replaceAll(': tcp,', ': net,'), { ended: ['tcp'], begun: ['net'], changed: ['d1'] }],
  [
    'a device that moves',
    BASE.replace('connection: bus, unit: 2', 'connection: tcp, unit: 2'),
    { altered: ['tcp', 'bus'], changed: ['d3'] },
  ],
  ['a label and a path', BASE.replace('unit: 2,', 'unit: 2, labels: { a: b }, path: acme/north,'), {}],
  [
    'a command',
    BASE.replace('writable: true }]', 'writable: true }], commands: [{ name: on, writes: [{ metric: z, value: 1 }] }]'),
    {},
  ],
  ['the heartbeat', BASE.replace('30000', '10000'), { altered: ['tcp', 'bus'], changed: ['d1', 'd2', 'd3'] }],
  ['bounds of the outbox', BASE.replace('30000', '30000, outbox: { telemetry_mb: 10 }'), {}],
];

test.each(CASES)('%s', (_, after, expected) => {
  const { ended, begun, altered, changed } = diffPlans(planOf(BASE), planOf(after));
  const names = {
    ended: [...ended],
    begun: begun.map((c) => c.name),
    altered: altered.map((c) => c.name),
    changed: [...changed],
  };
  expect(names).toEqual({ ...none, ...expected });
});

test('rules are compared by what they say, and do not bear on how a device is read', () => {
  const rule = (when: string): string =>
    BASE.replace(
      'writable: true }] }',
      `writable: true }], rules: [{ name: r, when: '${when}', then: [{ alarm: hot, message: m }] }] }`,
    );
  const control = (before: string, after: string): boolean => {
    const diff = diffPlans(planOf(before), planOf(after));
    expect([...diff.changed]).toEqual([]);
    return diff.control;
  };
  expect(control(BASE, BASE)).toBe(false);
  expect(control(rule('z > 1.0'), rule('z > 1.0'))).toBe(false);
  expect(control(rule('z > 1.0'), rule('z > 2.0'))).toBe(true);
  expect(control(BASE, rule('z > 1.0'))).toBe(true);
});
