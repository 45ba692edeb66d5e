import { AdapterError, type FieldValue, type Sample, type WriteRequest } from '../../../../edge-agent/adapter';
import { type Reading } from '../../../../edge-agent/core/reading';
import { LocalControl } from '../../../../edge-agent/io/control/control';
import { type ControlState, NO_STATE } from '../../../../edge-agent/io/control/state-file';
import { systemClock } from '../../../../edge-agent/io/clock';
import { type OutboxRecord } from '../../../../edge-agent/io/outbox-api';
import { typeOf } from '../../../../schemas/codec';
import { type AlarmEvent, type Command } from '../../../../schemas/generated';
import { until } from '../../../contract/adapter/observer';
import { station } from '../../core/rules/profile';

/** Points that hold what is written, unless told otherwise. */
class FakeField {
  readonly held = new Map<string, FieldValue>();
  readonly writes: string[] = [];
  failure: Error | undefined;
  stuck = false;

  async write({ device, metric, value }: WriteRequest): Promise<void> {
    await Promise.resolve();
    if (this.failure) throw this.failure;
    this.writes.push(`${device}/${metric}=${String(value)}`);
    if (!this.stuck) this.held.set(`${device}/${metric}`, value);
  }

  async read(device: string, metric: string): Promise<Sample> {
    await Promise.resolve();
    if (this.failure) throw this.failure;
    return { device, metric, at: 0, value: this.held.get(`${device}/${metric}`) ?? 0, quality: 0 };
  }
}

class Rig {
  readonly field = new FakeField();
  readonly alarms: AlarmEvent[] = [];
  readonly reported: string[] = [];
  saved: ControlState = NO_STATE;
  saves = 0;
  save_ms = 0;
  sync_ms = 0;
  outbox: 'takes' | 'holds' = 'takes';
  control: LocalControl;

  constructor(
    private readonly rules: string,
    private readonly more = '',
  ) {
    this.control = this.make();
    this.control.start();
  }

  private make(): LocalControl {
    return new LocalControl({
      plan: station(this.rules, this.more),
      boot: `b${this.saves}`,
      clock: systemClock,
      state: JSON.parse(JSON.stringify(this.saved)) as ControlState,
      file: {
        save: async (state) => {
          this.saved = JSON.parse(JSON.stringify(state)) as ControlState;
          this.saves++;
          if (this.save_ms > 0) await systemClock.sleep(this.save_ms);
        },
      },
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      field: () => this.field,
      report: (device, metric, { value }: Reading) => this.reported.push(`${device}/${metric}=${String(value)}`),
      reporting: (rule, on) => this.reported.push(`${rule.id} reporting ${on}`),
      submit: (records, done) => this.submit(records, done),
    });
  }

  private submit(records: readonly OutboxRecord[], done: () => void): void {
    if (this.outbox === 'holds') return;
    for (const r of records)
      this.alarms.push(typeOf(r.schema).fromBuffer(r.encode(this.alarms.length + 1)) as AlarmEvent);
    if (this.sync_ms === 0) done();
    else setTimeout(done, this.sync_ms);
  }

  give(metric: string, value: number): void {
    this.control.sample('s1', metric, { at: Date.now(), value, quality: 0 });
    this.control.settled();
  }

  order(name: string, args: object): Promise<string | undefined> | undefined {
    const command = { name, args: JSON.stringify(args), device_id: 's1', actor: 'ann' } as Command;
    return this.control.order(command);
  }

  async restart(): Promise<void> {
    await this.control.close();
    this.control = this.make();
    this.control.start();
  }

  said(): string[] {
    return this.alarms.map(
      (a) => `${a.alarm} ${a.active ? 'active' : 'cleared'}${a.acknowledged ? ' acknowledged' : ''}`,
    );
  }
}

let rig: Rig;
afterEach(() => rig.control.close());

const SHUT = `
      - name: high
        when: pressure > 10.0
        then:
          - { write: valve, value: true, within_ms: 30 }
          - { write: speed, value_of: pressure * 100.0, within_ms: 30 }
          - { alarm: overpressure, priority: 1, message: too high }
          - { report: [pressure] }
        otherwise: [{ write: valve, value: false }]
`;

test('a rule writes, reads back, raises its alarm, reports, and says so', async () => {
  rig = new Rig(SHUT);
  rig.give('pressure', 11);
  await until('both written', () => rig.control.stats.writes === 2);
  expect(rig.field.writes).toEqual(['s1/valve=true', 's1/speed=1100']);
  expect(rig.reported).toEqual([
    's1/rule.high=1',
    's1 reporting true'.replace('s1', 's1/high'),
    's1/rule.high.action=valve=true: read back',
    's1/rule.high.action=speed=1100: read back',
  ]);
  await until('alarm told', () => rig.alarms.length === 1);
  expect(rig.alarms[0]).toMatchObject({
    ...{ tenant: 'acme', device_id: 's1', agent_id: 'agent-1', alarm: 'overpressure', priority: 1, active: true },
    ...{ value: 11, message: 'too high', actor: 'agent:agent-1', seq: 1 },
  });
  await rig.control.close();
  expect(rig.saved.rules).toEqual({ 's1/high': { on: true, applied: true, settled: true } });
  await rig.restart();
  rig.give('pressure', 1);
  await until('shut again', () => rig.field.held.get('s1/valve') === false);
});

test('a write that fails raises an alarm, is tried again, and clears it', async () => {
  rig = new Rig(SHUT);
  rig.field.failure = new AdapterError('not-connected', 'write', 'no line');
  rig.give('pressure', 11);
  await until('told', () => rig.said().includes('high.not-carried-out active'));
  rig.field.failure = undefined;
  await until('carried out', () => rig.said().includes('high.not-carried-out cleared'));
  expect([...rig.field.writes].sort()).toEqual(['s1/speed=1100', 's1/valve=true']);
});

test('a point that does not show what was written is no success', async () => {
  rig = new Rig(SHUT);
  rig.field.stuck = true;
  rig.give('pressure', 11);
  await until('told', () => rig.said().includes('high.not-carried-out active'));
  await until('said', () => rig.reported.includes('s1/rule.high.action=valve=true: valve reads 0, not true'));
  rig.give('pressure', 1);
  rig.field.stuck = false;
  await until('the last value wanted', () => rig.field.held.get('s1/valve') === false);
});

test('writes beyond the bound wait, and only the last value wanted is written', async () => {
  rig = new Rig(`
      - name: follow
        when: pressure > 10.0
        then: [{ write: valve, value: true, per_minute: 600 }]
        otherwise: [{ write: valve, value: false, per_minute: 600 }]
`);
  const begun = performance.now();
  for (let i = 0; i < 700; i++) {
    rig.give('pressure', i % 2 === 0 ? 11 : 1);
    if (i % 2 === 0) await until(`written ${i}`, () => rig.field.writes.length > 0);
    await new Promise(setImmediate);
  }
  rig.give('pressure', 11);
  await until('the last', () => rig.field.held.get('s1/valve') === true && rig.control.stats.writes > 590);
  // Ten more are allowed each second, of which this machine may need several.
  expect(rig.field.writes.length).toBeLessThan(620 + (performance.now() - begun) / 100);
});

describe('commands for it', () => {
  test('acknowledge, shelve and unshelve an alarm; what cannot be is said', async () => {
    rig = new Rig(SHUT);
    expect(await rig.order('alarm-acknowledge', { alarm: 'overpressure' })).toMatch(/not raised/);
    rig.give('pressure', 11);
    expect(await rig.order('alarm-acknowledge', { alarm: 'overpressure' })).toBeUndefined();
    expect(
      await rig.order('alarm-shelve', { alarm: 'overpressure', minutes: 5, comment: 'new sensor' }),
    ).toBeUndefined();
    expect(await rig.order('alarm-unshelve', { alarm: 'overpressure' })).toBeUndefined();
    expect(rig.said()).toEqual(['overpressure active', ...Array<string>(3).fill('overpressure active acknowledged')]);
    expect(rig.alarms[1]?.actor).toBe('ann');
    expect(rig.alarms.map((a) => a.shelf_comment)).toEqual(['', '', 'new sensor', '']);
    expect(await rig.order('alarm-shelve', { alarm: 'overpressure' })).toMatch(/minutes/);
    const order = { alarm: 'overpressure', minutes: 5, comment: 'x'.repeat(501) };
    expect(await rig.order('alarm-shelve', order)).toMatch(/500 characters/);
    expect(await rig.order('rule-reset', {})).toMatch(/takes rule/);
    expect(rig.order('open', {})).toBeUndefined();
  });

  test('reset a latched rule', async () => {
    rig = new Rig(`      - { name: trip, when: pressure > 10.0, latch: true, interlock: { commands: [open] } }`);
    rig.give('pressure', 11);
    expect(await rig.order('rule-reset', { rule: 'trip' })).toMatch(/still holds/);
    rig.give('pressure', 1);
    expect(rig.control.refusal('s1', 'open')).toMatch(/interlock/);
    expect(await rig.order('rule-reset', { rule: 'trip' })).toBeUndefined();
    expect(rig.control.refusal('s1', 'open')).toBeUndefined();
  });
});

test('what the outbox took while the state was being saved is not told again', async () => {
  rig = new Rig(SHUT);
  rig.save_ms = 20;
  rig.sync_ms = 10;
  rig.give('pressure', 11);
  for (let i = 0; i < 10; i++) {
    await rig.order('alarm-shelve', { alarm: 'overpressure', minutes: 5 + i });
    await new Promise((resolve) => setTimeout(resolve, 7));
  }
  await rig.control.close();
  expect(new Set(rig.alarms.map((a) => `${a.at} ${a.shelved_until}`)).size).toBe(rig.alarms.length);
});

describe('a restart', () => {
  test('keeps alarms and rules, and makes sure of the field', async () => {
    rig = new Rig(SHUT);
    rig.give('pressure', 11);
    await until('written', () => rig.control.stats.writes === 2);
    await rig.restart();
    await until('made sure', () => rig.field.writes.filter((w) => w === 's1/valve=true').length === 2);
    rig.give('pressure', 1);
    await until('cleared', () => rig.said().includes('overpressure cleared'));
    expect(new Set(rig.alarms.filter((a) => a.alarm === 'overpressure').map((a) => a.occurrence)).size).toBe(1);
  });

  test('tells what the outbox had not taken', async () => {
    rig = new Rig(SHUT);
    rig.outbox = 'holds';
    rig.give('pressure', 11);
    await until('saved', () => rig.saved.untold.length === 1);
    rig.outbox = 'takes';
    await rig.restart();
    await until('told', () => rig.said().includes('overpressure active'));
  });
});

test('time alone lets a rule act', async () => {
  rig = new Rig(`      - { name: late, when: held(pressure > 10.0) > 0.1, then: [{ write: valve, value: true }] }`);
  rig.give('pressure', 11);
  await until('written', () => rig.field.held.get('s1/valve') === true);
});

test('geofences: crossings are readings, and rules know of them', async () => {
  rig = new Rig(
    `      - { name: parked, when: 'inside("yard")', then: [{ alarm: parked }] }`,
    `geofences:
  features:
    - properties: { name: yard }
      geometry: { type: Polygon, coordinates: [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]] }
`,
  );
  const drive = (flow: number, pressure: number): void => {
    rig.control.sample('s1', 'flow', { at: 0, value: flow, quality: 0 });
    rig.give('pressure', pressure);
  };
  drive(-5, 5);
  expect(rig.reported).toEqual([]);
  drive(5, 5);
  expect(rig.reported).toEqual(['s1/geofence.yard=1', 's1/rule.parked=1']);
  await until('told', () => rig.said().includes('parked active'));
  await rig.restart();
  drive(50, 5);
  expect(rig.reported.slice(2)[0]).toBe('s1/geofence.yard=0');
  await until('cleared', () => rig.said().includes('parked cleared'));
});
