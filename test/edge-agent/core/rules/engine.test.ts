import { type ReadingValue } from '../../../../edge-agent/core/reading';
import { type Effect, RuleEngine, type RuleRecord } from '../../../../edge-agent/core/rules/engine';
import { station } from './profile';

class Rig {
  now = 0;
  engine: RuleEngine;
  constructor(
    private readonly rules: string,
    records: Readonly<Record<string, RuleRecord>> = {},
  ) {
    this.engine = this.make(records);
  }
  private make(records: Readonly<Record<string, RuleRecord>>): RuleEngine {
    return new RuleEngine(station(this.rules).rules, records, () => undefined);
  }
  give(metric: string, value: ReadingValue, quality = 0, device = 's1'): string[] {
    this.engine.sample(device, metric, { at: 0, value, quality }, this.now);
    return this.look();
  }
  look(ms = 0): string[] {
    this.now += ms;
    return shown(this.engine.evaluate(this.now));
  }
  restart(): void {
    this.engine = this.make(JSON.parse(JSON.stringify(this.engine.records())) as Record<string, RuleRecord>);
  }
}

const shown = (effects: readonly Effect[]): string[] =>
  effects.map((e) => {
    switch (e.kind) {
      case 'changed':
      case 'report':
        return `${e.kind} ${e.rule.name} ${e.on ? 'on' : 'off'}`;
      case 'write':
        return `write ${e.write.metric} ${String(e.value)}`;
      case 'alarm':
        return `alarm ${e.alarm.alarm} ${e.active ? `active at ${e.value}` : 'cleared'}`;
      case 'release':
        return `release ${e.rule.name}`;
    }
  });

const SHUT = `
      - name: high
        when: pressure > 10.0
        clear: pressure < 8.0
        then:
          - { write: valve, value: false }
          - { write: speed, value_of: flow * 2.0 }
          - { alarm: overpressure, priority: 1 }
          - { report: [pressure, flow] }
        otherwise: [{ write: valve, value: true }]
`;

test('a rule goes on, does what it says, and ends with hysteresis', () => {
  const rig = new Rig(SHUT);
  expect(rig.give('flow', 700)).toEqual([]);
  expect(rig.give('pressure', 10)).toEqual([]);
  expect(rig.give('pressure', 10.1)).toEqual([
    'changed high on',
    'alarm overpressure active at 10.1',
    'report high on',
    'release high',
    'write valve false',
    'write speed 1400',
  ]);
  expect(rig.give('pressure', 9)).toEqual([]);
  expect(rig.give('pressure', 7.9)).toEqual([
    'changed high off',
    'alarm overpressure cleared',
    'report high off',
    'release high',
    'write valve true',
  ]);
  expect(rig.give('pressure', 50, 66)).toEqual([]);
});

test('a value of an expression that is not known is told, not invented', () => {
  expect(new Rig(SHUT).give('pressure', 11)).toContain('write speed undefined');
});

test('devices have rules of their own', () => {
  const rig = new Rig(SHUT);
  rig.give('pressure', 11);
  expect(rig.engine.isOn('s1/high')).toBe(true);
  expect(rig.engine.isOn('s2/high')).toBe(false);
  expect(rig.give('pressure', 11, 0, 's2')[0]).toBe('changed high on');
});

test('delays, durations and windows are looked at as time goes by', () => {
  const rig = new Rig(`
      - { name: slow, when: pressure > 10.0, delay_on_ms: 250 }
      - { name: long, when: held(pressure > 10.0) >= 0.3 }
      - { name: few, when: 'count(pressure, 1) == 0' }
`);
  expect(rig.look()).toEqual(['changed few on', 'changed few on']);
  expect(rig.give('pressure', 11)).toEqual(['changed few off']);
  expect(rig.engine.wakeAt()).toBe(100);
  expect([rig.look(100), rig.look(100)]).toEqual([[], []]);
  expect(rig.engine.wakeAt()).toBe(250);
  expect(rig.look(50)).toEqual(['changed slow on']);
  expect(rig.look(50)).toEqual(['changed long on']);
  expect(rig.look(701)).toEqual(['changed few on']);
});

describe('an interlock', () => {
  const rules = `
      - { name: fill, when: flow > 1.0, then: [{ write: speed, value: 100 }, { alarm: filling }], otherwise: [{ write: speed, value: 0 }] }
      - { name: stop, when: pressure > 10.0, interlock: { commands: [open], rules: [fill] } }
`;
  test('lets writes wait and refuses commands while it is on', () => {
    const rig = new Rig(rules);
    expect(rig.give('pressure', 11)).toEqual(['changed stop on', 'release fill']);
    expect(rig.engine.refusal('s1', 'open')).toMatch(/interlock of rule s1\/stop/);
    expect(rig.engine.refusal('s2', 'open')).toBeUndefined();
    expect(rig.give('flow', 2)).toEqual(['changed fill on', 'alarm filling active at 2', 'release fill']);
    expect(rig.give('pressure', 1)).toEqual(['changed stop off', 'release fill', 'write speed 100']);
    expect(rig.engine.refusal('s1', 'open')).toBeUndefined();
  });

  test('makes nothing of what came and went meanwhile, and gives up what was under way', () => {
    const rig = new Rig(rules);
    rig.give('pressure', 11);
    rig.give('flow', 2);
    expect(rig.give('flow', 0)).toEqual(['changed fill off', 'alarm filling cleared', 'release fill']);
    expect(rig.give('pressure', 1)).toEqual(['changed stop off']);
    rig.give('flow', 2);
    expect(rig.give('pressure', 11)).toEqual(['changed stop on', 'release fill']);
    expect(rig.give('flow', 0)).toContain('changed fill off');
    expect(rig.give('pressure', 1)).toEqual(['changed stop off', 'release fill', 'write speed 0']);
  });
});

test('a latched rule stays until it is reset, and not before its condition is over', () => {
  const rig = new Rig(`
      - { name: trip, when: pressure > 10.0, latch: true, interlock: { rules: [fill] }, otherwise: [{ write: valve, value: true }] }
      - { name: fill, when: flow > 1.0, then: [{ write: speed, value: 100 }] }
`);
  rig.give('pressure', 11);
  rig.give('flow', 2);
  expect(rig.engine.reset('s1/trip', 0)).toMatch(/still holds/);
  expect(rig.give('pressure', 1)).toEqual([]);
  const effects = rig.engine.reset('s1/trip', 0);
  expect(typeof effects === 'string' ? effects : shown(effects)).toEqual([
    'changed trip off',
    'release trip',
    'write valve true',
    'release fill',
    'write speed 100',
  ]);
  expect(rig.engine.reset('s1/nope', 0)).toMatch(/no rule/);
});

describe('a restart', () => {
  test('finds a rule as it was, and makes sure of its writes and its reporting', () => {
    const rig = new Rig(SHUT);
    rig.give('pressure', 11);
    rig.restart();
    expect(rig.look()).toEqual(['report high on', 'release high', 'write valve false', 'write speed undefined']);
    expect(rig.give('pressure', 9)).toEqual([]);
    expect(rig.give('pressure', 7)).toContain('write valve true');
  });

  test('goes on with writes of an ended rule that did not reach the field', () => {
    const rig = new Rig(SHUT);
    rig.give('pressure', 11);
    rig.give('pressure', 7);
    rig.restart();
    expect(rig.look()).toEqual(['release high', 'write valve true']);
    rig.engine.settle('s1/high');
    rig.restart();
    expect(rig.look()).toEqual([]);
    expect(rig.engine.records()).toEqual({});
  });
});

test('of a device out of service nothing is known until it is read again', () => {
  const rig = new Rig(`      - { name: lost, when: bad(pressure) }\n      - { name: high, when: pressure > 10.0 }`);
  rig.give('pressure', 11);
  rig.engine.lose('s1', rig.now);
  expect(rig.look()).toEqual(['changed lost on']);
  expect(rig.engine.isOn('s1/high')).toBe(true);
  expect(rig.give('pressure', 1)).toEqual(['changed lost off', 'changed high off']);
});
