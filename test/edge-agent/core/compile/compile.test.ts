import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../../schemas/root';
import { pointRecords } from '../../../../edge-agent/core/points';
import { planOf } from '../../plan-of';

const plan = planOf(`
agent: { id: a, tenant: acme, path: acme/site }
connections:
  - { name: line, protocol: modbus-tcp, host: h, limits: { registers: 50, gap_registers: 0 } }
  - { name: unused, protocol: modbus-rtu-over-tcp, host: h, port: 4001 }
models:
  boiler:
    scan_ms: 500
    word_order: little
    limits: { registers: 20 }
    points:
      - { metric: t, table: input-register, address: 0, type: float32, unit: Cel }
      - { metric: p, table: input-register, address: 2, scale: { raw_low: 0, raw_high: 1000, low: 0, high: 10 }, deadband: { percent: 1 } }
      - { metric: sp, table: holding-register, address: 0, writable: true, scan_ms: 5000 }
      - { metric: total, table: input-register, address: 4, type: uint64, scale: { factor: 0.001 } }
    commands:
      - { name: set, args: [{ name: v, min: 1 }], writes: [{ metric: sp, value: 0 }, { metric: sp, value: $v }] }
      - { name: price, args: [{ name: v }], writes: [{ metric: sp, value: $v }], verify: none }
devices:
  - { id: b1, connection: line, model: boiler }
  - id: b2
    connection: line
    model: boiler
    unit: 7
    path: acme/site/area
    scan_ms: 100
    points: [{ metric: t, table: holding-register, address: 9, byte_order: little, deadband: 0 }]
    commands: [{ name: price, writes: [{ metric: sp, value: 5 }], verify: [{ metric: t, value: 5, tolerance: 1 }], within_ms: 9 }]
`);

const b1 = plan.devices.get('b1');
const b2 = plan.devices.get('b2');

test('the agent, with defaults', () => {
  expect(plan).toMatchObject({ agent_id: 'a', tenant: 'acme', heartbeat_ms: 30_000, frame_age_ms: 250 });
  expect(plan.connections.map((c) => [c.name, c.devices.map((d) => d.id)])).toEqual([
    ['line', ['b1', 'b2']],
    ['unused', []],
  ]);
  expect(plan.connections[1]?.settings).toMatchObject({ framing: 'rtu', endpoint: { port: 4_001 }, in_flight: 1 });
});

test('a device has what its model gives, and what it says itself wins', () => {
  expect(b1).toMatchObject({ unit: 1, path: 'acme/site', model: 'boiler', protocol: 'modbus-tcp' });
  expect(b2).toMatchObject({ unit: 7, path: 'acme/site/area' });
  expect(b1?.byMetric.get('t')).toMatchObject({
    scan_ms: 500,
    source: { type: 'float32', word_order: 'little', count: 2 },
  });
  expect(b2?.byMetric.get('t')).toMatchObject({
    scan_ms: 100,
    source: { type: 'uint16', address: 9, byte_order: 'little' },
  });
  expect(b2?.byMetric.get('sp')?.scan_ms).toBe(5_000);
  expect(b2?.points).toHaveLength(4);
});

test('limits come from the connection, narrowed by model and device', () => {
  expect(b1?.settings).toMatchObject({ limits: { registers: 20, gap_registers: 0, bits: 2_000 } });
});

test('the ends of a four-point scale are the limits, and a percentage is of their span', () => {
  expect(b1?.byMetric.get('p')).toMatchObject({ low: 0, high: 10, report: { band: 0.1, heartbeat_ms: 60_000 } });
  expect(b2?.byMetric.get('t')?.report).toEqual({ band: 0, heartbeat_ms: 60_000 });
});

test('a scaled 64-bit integer is a number', () => {
  expect(b1?.byMetric.get('total')?.kind).toBe('number');
});

test('commands: read-back of the last value written, none, or as said', () => {
  expect(b1?.commands.get('set')).toMatchObject({
    args: [{ name: 'v', type: 'number', min: 1 }],
    writes: [
      { metric: 'sp', value: { literal: 0 } },
      { metric: 'sp', value: { arg: 'v' } },
    ],
    verify: [{ metric: 'sp', value: { arg: 'v' }, within_ms: 2_000 }],
  });
  expect(b1?.commands.get('price')?.verify).toEqual([]);
  expect(b2?.commands.get('price')?.verify).toEqual([
    { metric: 't', value: { literal: 5 }, tolerance: 1, within_ms: 9 },
  ]);
});

test('the demo profile is valid and covers every kind', () => {
  const demo = planOf(readFileSync(join(projectRoot(), 'deploy/local/profiles/demo.yaml'), 'utf8'));
  const points = [...demo.devices.values()].flatMap((d) => d.points);
  expect([...demo.devices.keys()]).toEqual(['boiler-1', 'pump-1', 'meter-1']);
  expect(new Set(points.map((p) => p.kind))).toEqual(new Set(['number', 'int64', 'text', 'boolean']));
  expect(demo.devices.get('boiler-1')?.commands.get('set-setpoint')?.verify).toHaveLength(1);
});

test('the mixed profile is valid, and each protocol that takes commands has a device for them', () => {
  const mixed = planOf(readFileSync(join(projectRoot(), 'deploy/local/profiles/mixed.yaml'), 'utf8'));
  const commanded = new Set([...mixed.devices.values()].flatMap((d) => (d.commands.size > 0 ? [d.connection] : [])));
  const protocols = [
    'modbus-tcp',
    'mqtt',
    'amqp',
    'amqp-0-9-1',
    'sparkplug-b',
    'http',
    'mqtt-listener',
    'coap', // over UDP, and over TCP
    'coap',
    'opcua',
    'bacnet',
    'can',
  ];
  expect(mixed.connections.map((c) => c.protocol)).toEqual(protocols);
  expect([...commanded].sort()).toEqual(mixed.connections.map((c) => c.name).sort());
});

test('the sample of rules is valid, and says what it is to say', () => {
  const sample = planOf(readFileSync(join(projectRoot(), 'deploy/local/profiles/rules.yaml'), 'utf8'));
  expect(sample.rules.map((r) => r.id)).toEqual([
    'boiler-1/overheated',
    'boiler-1/relight',
    'boiler-1/no-flame',
    'boiler-1/sensor-lost',
    'pump-1/cool-down',
  ]);
  const told = pointRecords(sample, 0).map((p) => p.metric);
  expect(told).toContain('temperature.median');
  expect(told).toContain('rule.overheated');
  expect(told).not.toContain('burner.mean');
});
