/** Another set of devices on a line that stays open. */
import { type LinkEvent, type Sample } from '../../../../edge-agent/adapter';
import { ModbusAdapter } from '../../../../edge-agent/adapters/modbus/adapter';
import { diffPlans } from '../../../../edge-agent/core/compile/diff';
import { type AgentPlan, type ConnectionPlan } from '../../../../edge-agent/core/compile/plan';
import { planOf } from '../../plan-of';
import { FakeSlave } from './fake-slave';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
beforeEach(() => jest.useFakeTimers({ now: 1_000_000 }));
afterEach(() => jest.useRealTimers());
const run = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

const device = (id: string, unit: number, address: number): string =>
  `  - { id: ${id}, connection: line, unit: ${unit}, points: [{ metric: x, table: holding-register, address: ${address}, scan_ms: 200 }] }\n`;
const profile = (...devices: string[]): string => `
agent: { id: a }
connections: [{ name: line, protocol: modbus-tcp, host: h, timeout_ms: 150 }]
devices:
${devices.join('')}`;

class Rig {
  readonly samples: Sample[] = [];
  readonly links: LinkEvent[] = [];
  readonly slave = new FakeSlave();
  readonly adapter: ModbusAdapter;

  constructor(private plan: AgentPlan) {
    this.adapter = new ModbusAdapter(this.line(), { clock, random: () => 1, open: this.slave.open });
    this.adapter.start({
      samples: (batch) => this.samples.push(...batch.samples),
      link: (event) => this.links.push(event),
      ready: () => Promise.resolve(),
    });
  }

  takeOver(text: string): void {
    const next = planOf(text);
    const { changed } = diffPlans(this.plan, next);
    this.plan = next;
    this.adapter.reconfigure(this.line(), changed);
  }

  of(id: string): Sample[] {
    return this.samples.filter((s) => s.device === id);
  }

  private line(): ConnectionPlan {
    const [line] = this.plan.connections;
    if (!line) throw new Error('no connection');
    return line;
  }
}

test('the line stays open, and an untouched device keeps its slots', async () => {
  const rig = new Rig(planOf(profile(device('one', 1, 7), device('two', 2, 9))));
  for (let i = 0; i < 10; i++) {
    await run(333);
    rig.takeOver(profile(device('one', 1, 7), device('two', 2, 10 + i)));
  }
  await run(670);
  expect(rig.slave.opened).toBe(1);
  const times = rig.of('one').map((s) => s.at);
  // Within the time of the other device's request: the line takes one at a time.
  for (const [i, t] of times.slice(1).entries()) expect(Math.abs(t - (times[i] ?? 0) - 200)).toBeLessThanOrEqual(2);
  expect(rig.of('one').every((s) => s.value === 7)).toBe(true);
  expect(new Set(rig.of('two').map((s) => s.value))).toEqual(
    new Set([9, ...Array.from({ length: 10 }, (_, i) => 10 + i)]),
  );
});

test('a neighbour in the same request is read again at once, and loses no scan', async () => {
  const both = (second: number): string => profile(device('one', 1, 7), device('two', 1, second));
  const rig = new Rig(planOf(both(8)));
  await run(501);
  rig.takeOver(both(9));
  await run(700);
  const times = rig.of('one').map((s) => s.at);
  expect(times.length).toBeGreaterThanOrEqual(6);
  expect(times.slice(1).every((t, i) => t - (times[i] ?? 0) <= 200)).toBe(true);
});

test('an answer to a request from before says nothing of a device that changed', async () => {
  const rig = new Rig(planOf(profile(device('one', 1, 7), device('two', 1, 8))));
  rig.slave.delay_ms = 100;
  await run(50);
  rig.takeOver(profile(device('one', 1, 7), device('two', 1, 9)));
  await run(60);
  expect(rig.samples.map((s) => `${s.device}: ${String(s.value)}`)).toEqual(['one: 7']);
  await run(150);
  expect(rig.of('two').map((s) => s.value)).toContain(9);
});

test('a device that goes is told of no more, one that comes is connected when it answers', async () => {
  const rig = new Rig(planOf(profile(device('one', 1, 7), device('two', 2, 9))));
  await run(100);
  rig.links.length = 0;
  rig.takeOver(profile(device('one', 1, 7), device('new', 3, 9)));
  rig.samples.length = 0;
  await run(400);
  expect(rig.of('two')).toEqual([]);
  expect(rig.of('new').length).toBeGreaterThan(1);
  expect(rig.links.map((l) => `${l.device ?? ''} ${l.state}`)).toEqual(['new connected']);
});

test('an exclusion stays in force', async () => {
  const rig = new Rig(planOf(profile(device('one', 1, 7), device('two', 2, 9))));
  rig.adapter.exclude(new Set(['two']));
  rig.takeOver(profile(device('one', 1, 7), device('two', 2, 10)));
  await run(500);
  expect(rig.of('two')).toEqual([]);
});
