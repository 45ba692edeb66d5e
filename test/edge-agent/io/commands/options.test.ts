/** What a command may ask for beyond its name: at the executor, over a field in memory. */
import { systemClock } from '../../../../edge-agent/io/clock';
import { MemoryFs } from '../outbox/memory-fs';
import { below, seeded } from '../random';
import { MemoryField, noAnswer } from './field';
import { agent, command } from './helpers';

const withOptions = (options: object, change: Parameters<typeof command>[0] = {}) =>
  command({ options: JSON.stringify(options), ...change });
const sealed = (is: string, value: number) => ({ only_if: [{ metric: 'sealed', is, value }] });
const result = (event: { result: string } | undefined) => JSON.parse(event?.result ?? '{}') as object;

test.each([0, 1, 2])(
  'a condition that does not hold keeps the field untouched, and says what it saw (QoS %i)',
  async (qos) => {
    const { executor, field, told, settled } = await agent(new MemoryFs());
    field.points.set('sealed', 10);
    await executor.deliver([withOptions(sealed('=', 0), { qos })]);
    await settled();
    expect(field.writes).toEqual([]);
    expect(told.states()).toEqual(['delivered', 'failed']);
    expect(told.events.at(-1)?.detail).toBe('not carried out: sealed is 1, not = 0');
    await executor.close();
  },
);

test('a condition that holds lets it through; one that cannot be read does not', async () => {
  const { executor, field, told, settled } = await agent(new MemoryFs());
  field.points.set('sealed', 10);
  await executor.deliver([withOptions(sealed('>=', 1))]);
  await settled();
  expect(told.states()).toEqual(['delivered', 'executed', 'verified']);
  field.behaviour = { read: noAnswer };
  await executor.deliver([withOptions(sealed('>=', 1), { command_id: 'c-2' })]);
  await settled();
  expect(told.states('c-2')).toEqual(['delivered', 'failed']);
  expect(field.writes).toHaveLength(1);
  await executor.close();
});

test('QoS 1 under a condition that its own write undoes: a crash in between makes it neither failed nor done twice', async () => {
  const random = seeded(11);
  const only_if = [{ metric: 'setpoint', is: '=', value: 0 }];
  for (let run = 0; run < 40; run++) {
    let disk = new MemoryFs();
    const field = new MemoryField();
    const first = await agent(disk, field);
    void first.executor.deliver([withOptions({ only_if }, { qos: 1 })]).catch(() => undefined);
    for (let i = below(random, 40); i > 0; i--) await new Promise(setImmediate);
    disk = disk.crash(random);
    const second = await agent(disk, field);
    await second.executor.deliver([withOptions({ only_if }, { qos: 1, attempt: 2 })]);
    await second.settled();
    expect(['verified', 'outcome-unknown']).toContain(second.told.states().at(-1));
    expect(field.writes.length).toBeLessThanOrEqual(1);
    await second.executor.close();
  }
}, 60_000);

test('an option the agent does not know is a refusal', async () => {
  const { executor, field, told, settled } = await agent(new MemoryFs());
  await executor.deliver([withOptions({ only_at_night: true })]);
  await settled();
  expect(told.states()).toEqual(['delivered', 'failed']);
  expect(told.events.at(-1)?.detail).toMatch(/only_at_night/);
  expect(field.writes).toEqual([]);
  await executor.close();
});

test('a dry run says what would be written and what is there, and writes nothing', async () => {
  const { executor, field, told, settled } = await agent(new MemoryFs());
  field.points.set('setpoint', 100);
  const args = JSON.stringify({ name: 'write', args: { metric: 'setpoint', value: 42.5 } });
  await executor.deliver([command({ name: 'millrace.dry-run', args, qos: 1 })]);
  await settled();
  expect(told.states()).toEqual(['delivered', 'executed']);
  expect(result(told.events.at(-1))).toEqual({
    verifiable: false,
    would: 'write',
    writes: { setpoint: 42.5 },
    now: { setpoint: 10 },
  });
  expect(field.writes).toEqual([]);
  await executor.close();
});

test.each([
  ['a suspended device', {}, { name: 'write', args: { metric: 'setpoint', value: 1 } }, /suspended/],
  ['a value out of range', {}, { name: 'write', args: { metric: 'setpoint', value: 1e6 } }, /takes 0 to 100/],
  ['an unknown command', {}, { name: 'dance' }, /no command dance/],
  ['a condition', sealed('=', 5), { name: 'write', args: { metric: 'setpoint', value: 1 } }, /sealed is 0/],
  ['no name', {}, {}, /no command/],
])('a dry run tells of %s', async (_what, options, args, why) => {
  const { executor, refused, told, settled } = await agent(new MemoryFs());
  if (_what === 'a suspended device') refused.set('press-1', 'it is suspended');
  await executor.deliver([withOptions(options, { name: 'millrace.dry-run', args: JSON.stringify(args), qos: 1 })]);
  await settled();
  expect(result(told.events.at(-1))).toMatchObject({ would: 'refuse', reason: expect.stringMatching(why) });
  await executor.close();
});

test('the more urgent goes first among those that wait, equals in their order', async () => {
  const { executor, field, settled } = await agent(new MemoryFs());
  const one = (id: string, value: number, priority: number) =>
    withOptions({ priority }, { command_id: id, args: JSON.stringify({ metric: 'setpoint', value }) });
  await executor.deliver([one('a', 1, 0), one('b', 2, 0), one('c', 3, 5), one('d', 4, 5), one('e', 5, -1)]);
  await settled();
  expect(field.writes.map(([, raw]) => Number(raw) / 10)).toEqual([3, 4, 1, 2, 5]);
  await executor.close();
});

describe('a device that sleeps', () => {
  test('is written once, at its next wake-up', async () => {
    let awake = false;
    const { executor, field, told, settled } = await agent(new MemoryFs(), undefined, { awake: () => awake });
    await executor.deliver([withOptions({ when_awake: true })]);
    while (told.states().length === 0) await systemClock.sleep(5);
    expect(told.states()).toEqual(['delivered']);
    awake = true;
    executor.wake('press-1');
    executor.wake('press-1');
    await settled();
    expect(field.writes).toHaveLength(1);
    expect(told.states()).toEqual(['delivered', 'executed', 'verified']);
    await executor.close();
  });

  test('sleeps past the deadline: expired, and never written', async () => {
    const { executor, field, told } = await agent(new MemoryFs(), undefined, { awake: () => false });
    await executor.deliver([withOptions({ when_awake: true }, { deadline: systemClock.now() + 60 })]);
    while (told.states().length < 2) await systemClock.sleep(5);
    expect(told.states()).toEqual(['delivered', 'expired']);
    executor.wake('press-1');
    expect(field.writes).toEqual([]);
    await executor.close();
  });

  test('is cancelled in its sleep', async () => {
    const { executor, field, told, settled } = await agent(new MemoryFs(), undefined, { awake: () => false });
    const asleep = withOptions({ when_awake: true });
    await executor.deliver([asleep]);
    await settled();
    const cancel = { command_id: 'c-1.cancel', name: 'millrace.cancel', args: '{"command_id":"c-1"}' };
    await executor.deliver([command(cancel)]);
    executor.wake('press-1');
    await settled();
    expect(told.states().at(-1)).toBe('cancelled');
    expect(field.writes).toEqual([]);
    await executor.close();
  });

  test('what waits is there after a restart of the agent', async () => {
    const fs = new MemoryFs();
    const first = await agent(fs, undefined, { awake: () => false });
    await first.executor.deliver([withOptions({ when_awake: true })]);
    await first.settled();
    await first.executor.close();
    let awake = false;
    const second = await agent(fs, first.field, { awake: () => awake });
    await second.settled();
    awake = true;
    second.executor.wake('press-1');
    await second.settled();
    expect(first.field.writes).toHaveLength(1);
    expect(second.told.states().at(-1)).toBe('verified');
    await second.executor.close();
  });
});

test('time to settle passes before the first read-back, and is not taken from the time for it', async () => {
  const { executor, field, told, settled } = await agent(new MemoryFs());
  let [written, read] = [0, 0];
  field.behaviour = { after: () => (written = performance.now()), read: () => (read ||= performance.now()) };
  await executor.deliver([withOptions({ settle_ms: 80 })]);
  await settled();
  expect(read - written).toBeGreaterThan(70);
  expect(told.states()).toEqual(['delivered', 'executed', 'verified']);
  await executor.close();
});

test('a tolerance of the command stands in for the profile’s', async () => {
  const { executor, field, told, settled } = await agent(new MemoryFs());
  field.behaviour = { after: () => field.points.set('low', 13) };
  const pair = { name: 'set-pair', args: '{"low":1,"high":60}' };
  await executor.deliver([
    withOptions({ tolerance: 0.5 }, pair),
    withOptions({ tolerance: 0.1 }, { ...pair, command_id: 'c-2' }),
  ]);
  await settled();
  expect(told.states()).toEqual(['delivered', 'executed', 'verified']);
  expect(told.states('c-2')).toEqual(['delivered', 'executed', 'failed']);
  await executor.close();
});
