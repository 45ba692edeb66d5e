/** What Modbus asks of a profile beyond its schema. */
import { type ConnectionPlan } from '../../core/compile/plan';
import { kindOfType, type ProtocolRules } from '../../core/compile/protocol';
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type Issue } from '../../core/profile/problem';
import { type ConnectionSection, type PointSection } from '../../core/profile/types';
import { planReads } from './plan';
import { lineLoad } from './serial-time';
import {
  connectionSettings,
  isBitTable,
  limitsOf,
  placeOf,
  type ModbusConnectionSettings,
  type ModbusDeviceSettings,
  type ModbusSource,
  registersOf,
  sourceOf,
  typeOf,
} from './settings';

const ADDRESSES = 65_536;

export const modbusRules: ProtocolRules = {
  protocols: ['modbus-tcp', 'modbus-rtu-over-tcp', 'modbus-rtu'],
  kind: (point) => kindOfType(typeOf(point)),
  checkConnection,
  checkPoint,
  connectionSettings,
  deviceSettings: (device, connection): ModbusDeviceSettings => ({
    limits: limitsOf(device, connection),
    write_with: device.settings.write_with ?? 'auto',
  }),
  pointSource: sourceOf,
  load,
};

function load(connection: ConnectionPlan): { requests: number; load_percent?: number } {
  const reads = planReads(
    connection.devices.flatMap((d) =>
      d.points.map((p) => ({
        device: d.id,
        metric: p.metric,
        unit: d.unit,
        scan_ms: p.scan_ms,
        limits: (d.settings as ModbusDeviceSettings).limits,
        source: p.source as ModbusSource,
      })),
    ),
  );
  const share = lineLoad(reads, connection.settings as ModbusConnectionSettings);
  return { requests: reads.length, ...(share !== undefined && { load_percent: Math.round(100 * share) }) };
}

function checkConnection(c: ConnectionSection): Issue[] {
  const issues: Issue[] = [];
  if (c.protocol === 'modbus-rtu') {
    if (!c.serial) issues.push({ path: [], value: undefined, expected: 'a "serial" section for modbus-rtu' });
    if (c.serial?.data_bits === 7)
      issues.push(not(['serial', 'data_bits'], 7, '8: RTU sends bytes, and seven bits cannot carry one'));
    if (c.host !== undefined)
      issues.push(not(['host'], c.host, 'no host with modbus-rtu: did you mean modbus-rtu-over-tcp?'));
  } else {
    if (c.host === undefined) issues.push({ path: [], value: undefined, expected: `a "host" for ${c.protocol}` });
    if (c.serial) issues.push(not(['serial'], undefined, `no serial section with ${c.protocol}`));
  }
  if (c.protocol !== 'modbus-tcp' && (c.in_flight ?? 1) > 1)
    issues.push(not(['in_flight'], c.in_flight, `1: ${c.protocol} has no transaction numbers`));
  const { initial_ms = 0, max_ms = Infinity } = c.backoff ?? {};
  if (initial_ms > max_ms) issues.push(not(['backoff', 'max_ms'], max_ms, `at least initial_ms (${initial_ms})`));
  return issues;
}

function checkPoint(p: PointSection, device: ResolvedDevice, connection: ConnectionSection): Issue[] {
  const missing = (['table', 'address'] as const).filter((key) => p[key] === undefined);
  if (missing.length > 0) return missing.map((key) => ({ path: [], value: undefined, expected: `a "${key}"` }));
  const { table, address } = placeOf(p);
  const issues = isBitTable(table) ? checkBitPoint(p) : checkRegisterPoint(p);
  const count = isBitTable(table) ? 1 : registersOf(p);
  if (address + count > ADDRESSES)
    issues.push(not(['address'], address, `at most ${ADDRESSES - count} for ${count} registers`));
  const limits = limitsOf(device, connection);
  if (!isBitTable(table) && count > limits.registers)
    issues.push(not(['length'], count, `at most ${limits.registers}, the device's limit of registers a request`));
  if (p.writable && (table === 'discrete-input' || table === 'input-register'))
    issues.push(not(['writable'], true, `false: a ${table} cannot be written`));
  if (p.writable && device.section.unit === 0)
    issues.push(not(['writable'], true, 'false on unit 0: a broadcast is never answered'));
  return issues;
}

function checkBitPoint(p: PointSection): Issue[] {
  const issues: Issue[] = [];
  if (typeOf(p) !== 'bool') issues.push(not(['type'], p.type, `bool in table ${p.table}`));
  for (const key of ['bit', 'bit_count', 'length', 'word_order', 'byte_order'] as const)
    if (p[key] !== undefined) issues.push(not([key], p[key], `no ${key} in table ${p.table}`));
  return issues;
}

function checkRegisterPoint(p: PointSection): Issue[] {
  const issues: Issue[] = [];
  const type = typeOf(p);
  if (type === 'string' && p.length === undefined)
    issues.push({ path: [], value: undefined, expected: 'a "length" in registers for a string' });
  if (type !== 'string' && p.length !== undefined) issues.push(not(['length'], p.length, `no length on ${type}`));
  if (type === 'bool' && p.bit === undefined)
    issues.push({ path: [], value: undefined, expected: 'a "bit" (0 to 15) for a bool in a register' });
  if (type === 'bits' && (p.bit === undefined || p.bit_count === undefined))
    issues.push({ path: [], value: undefined, expected: 'a "bit" and a "bit_count" for bits' });
  if (type !== 'bool' && type !== 'bits' && p.bit !== undefined) issues.push(not(['bit'], p.bit, `no bit on ${type}`));
  if (type !== 'bits' && p.bit_count !== undefined)
    issues.push(not(['bit_count'], p.bit_count, `no bit_count on ${type}`));
  if ((p.bit ?? 0) + (p.bit_count ?? 1) > 16)
    issues.push(not(['bit_count'], p.bit_count, 'bits that lie in one register of 16'));
  return issues;
}

function not(path: Issue['path'], value: unknown, expected: string): Issue {
  return { path, value, expected };
}
