import { Decoder, unframe } from '../../../../schemas/codec';
import { type Message } from '../../../../schemas/publisher';
import { DirectWord } from '../../../../edge-agent/io/commands/direct';
import { type ExecutorOptions } from '../../../../edge-agent/io/commands/executor';
import { MemoryFs } from '../outbox/memory-fs';
import { type Clock, systemClock } from '../../../../edge-agent/io/clock';
import { MemoryField, noAnswer, refusedByDevice } from './field';
import { agent, command } from './helpers';
import { device, point } from '../../core/commands/helpers';

test('is durable, carried out, read back and told, in this order', async () => {
  const { executor, field, told, settled } = await agent(new MemoryFs());
  await executor.deliver([command()]);
  await settled();
  expect(field.writes).toEqual([['setpoint', 425]]);
  expect(told.states()).toEqual(['delivered', 'executed', 'verified']);
  expect(told.events.map((e) => e.result)).toEqual([
    '{}',
    '{"verifiable":true,"written":{"setpoint":42.5}}',
    '{"read_back":{"setpoint":42.5}}',
  ]);
  await executor.close();
});

test('each state is told once, also when the next comes while the outbox still writes the last', async () => {
  const { executor, told, settled } = await agent(new MemoryFs());
  told.sync_ms = 20;
  await executor.deliver([command()]);
  await settled();
  await systemClock.sleep(100);
  expect(told.states()).toEqual(['delivered', 'executed', 'verified']);
  await executor.close();
});

test('a duplicate is answered from the ledger, also after a restart', async () => {
  const fs = new MemoryFs();
  const first = await agent(fs);
  await first.executor.deliver([command()]);
  await first.settled();
  await first.executor.deliver([command({ attempt: 2 })]);
  await first.settled();
  expect(first.told.states()).toEqual(['delivered', 'executed', 'verified', 'executed', 'verified']);
  expect(first.told.events.at(-1)?.attempt).toBe(2);
  await first.executor.close();
  const second = await agent(fs, first.field);
  await second.executor.deliver([command({ attempt: 3 })]);
  await second.settled();
  expect(second.told.states()).toEqual(['executed', 'verified']);
  expect(second.field.writes).toHaveLength(1);
  await second.executor.close();
});

test('commands of one device go one after the other, those of two beside each other', async () => {
  const { executor, field, settled } = await agent(new MemoryFs());
  const order: string[] = [];
  field.behaviour = { before: (r) => order.push(`${r.device}:${r.value}`), read: () => order.push('read') };
  const one = (id: string, device_id: string, value: number) =>
    command({ command_id: id, device_id, args: JSON.stringify({ metric: 'setpoint', value }) });
  await executor.deliver([one('a', 'press-1', 1), one('b', 'press-1', 2)]);
  await settled();
  expect(order).toEqual(['press-1:10', 'read', 'press-1:20', 'read']);
  await executor.close();
});

describe('what goes wrong at the field', () => {
  test('refused by the device: failed, certainly not carried out', async () => {
    const { executor, field, told, settled } = await agent(new MemoryFs());
    field.behaviour = { before: refusedByDevice };
    await executor.deliver([command()]);
    await settled();
    expect(told.states()).toEqual(['delivered', 'failed']);
    expect(told.events.at(-1)?.detail).toMatch(/illegal data value/);
    await executor.close();
  });

  test('no answer although carried out: the read-back proves it', async () => {
    const { executor, field, told, settled } = await agent(new MemoryFs());
    field.behaviour = { after: noAnswer };
    await executor.deliver([command()]);
    await settled();
    expect(told.states()).toEqual(['delivered', 'executed', 'verified']);
    expect(field.writes).toHaveLength(1);
    await executor.close();
  });

  test('QoS 2, no answer and no trace: unknown, and never written again', async () => {
    const { executor, field, told, settled } = await agent(new MemoryFs());
    let tries = 0;
    field.behaviour = {
      before: () => {
        tries++;
        noAnswer();
      },
    };
    await executor.deliver([command()]);
    await settled();
    expect(tries).toBe(1);
    expect(told.states()).toEqual(['delivered', 'outcome-unknown']);
    await executor.close();
  });

  test('QoS 1, no answer and no trace: written again, three times at most', async () => {
    const { executor, field, told, settled } = await agent(new MemoryFs());
    let tries = 0;
    field.behaviour = { before: () => void (++tries < 3 && noAnswer()) };
    await executor.deliver([command({ qos: 1 })]);
    await settled();
    expect(told.states()).toEqual(['delivered', 'executed', 'verified']);
    await executor.close();
  }, 15_000);

  test('the read-back disagrees: failed, with what it read', async () => {
    const { executor, field, told, settled } = await agent(new MemoryFs());
    field.behaviour = { after: () => void field.points.set('low', 7) };
    await executor.deliver([command({ name: 'set-pair', args: '{"low":10}' })]);
    await settled();
    expect(told.states()).toEqual(['delivered', 'executed', 'failed']);
    expect(told.events.at(-1)).toMatchObject({
      detail: 'written, but low reads 0.7, not 10',
      result: '{"read_back":{"low":0.7}}',
    });
    await executor.close();
  });

  test('cannot be read back: written, and not known whether it took', async () => {
    const { executor, field, told, settled } = await agent(new MemoryFs());
    field.behaviour = { read: noAnswer };
    await executor.deliver([command({ name: 'set-pair', args: '{"low":10}' })]);
    await settled();
    expect(told.states()).toEqual(['delivered', 'executed', 'outcome-unknown']);
    await executor.close();
  });
});

describe('what is not carried out', () => {
  test.each([
    ['expired', command({ issued_at: 1, deadline: 2 }), 'expired', /deadline/],
    ['unknown device', command({ device_id: 'nobody' }), 'failed', /no device nobody/],
    ['unknown command', command({ name: 'dance' }), 'failed', /no command dance/],
    ['refused device', command({ device_id: 'press-9' }), 'failed', /suspended/],
  ])('%s', async (_, order, state, detail) => {
    const { executor, field, told, refused, settled } = await agent(new MemoryFs());
    refused.set('press-9', 'the device is suspended');
    await executor.deliver([order]);
    await settled();
    expect(told.states()).toEqual(['delivered', state]);
    expect(told.events.at(-1)?.detail).toMatch(detail);
    expect(field.writes).toEqual([]);
    await executor.close();
  });
});

describe('platform orders', () => {
  test('flush answers with the last number', async () => {
    const { executor, told, refused, settled } = await agent(new MemoryFs());
    refused.set('press-1', 'the device is decommissioning');
    await executor.deliver([command({ name: 'millrace.flush', args: '{}', qos: 1 })]);
    await settled();
    expect(told.states()).toEqual(['delivered', 'executed']);
    expect(told.events.at(-1)?.result).toBe('{"verifiable":false,"last_seq":7}');
    await executor.close();
  });

  test('a flush that cannot be had does not hold the agent up when it stops, and goes on afterwards', async () => {
    const fs = new MemoryFs();
    const first = await agent(fs, undefined, { flush: () => new Promise(() => undefined) });
    await first.executor.deliver([command({ name: 'millrace.flush', args: '{}', qos: 1 })]);
    await first.executor.close();
    const second = await agent(fs);
    await second.settled();
    expect(second.told.states().at(-1)).toBe('executed');
    await second.executor.close();
  });

  const cancel = command({ command_id: 'c-1.cancel', name: 'millrace.cancel', args: '{"command_id":"c-1"}', qos: 1 });

  test('cancel reaches a command that waits', async () => {
    const { executor, field, told, settled } = await agent(new MemoryFs());
    await executor.deliver([command({ command_id: 'c-0' }), command(), cancel]);
    await settled();
    expect(told.states().at(-1)).toBe('cancelled');
    expect(told.states('c-0')).toEqual(['delivered', 'executed', 'verified']);
    expect(field.writes).toHaveLength(1);
    await executor.close();
  });

  test('cancel that comes first bars the command', async () => {
    const { executor, field, told, settled } = await agent(new MemoryFs());
    await executor.deliver([cancel, command()]);
    await settled();
    expect(new Set(told.states())).toEqual(new Set(['cancelled']));
    expect(field.writes).toEqual([]);
    await executor.close();
  });

  test('cancel that comes too late is answered with what is known', async () => {
    const { executor, told, settled } = await agent(new MemoryFs());
    await executor.deliver([command()]);
    await settled();
    await executor.deliver([cancel]);
    await settled();
    expect(told.states()).toEqual(['delivered', 'executed', 'verified', 'executed', 'verified']);
    await executor.close();
  });
});

test('what the outbox refused is told after a restart', async () => {
  const fs = new MemoryFs();
  const first = await agent(fs);
  first.told.refuse = new Error('full');
  await first.executor.deliver([command()]);
  await first.settled();
  expect(first.told.events).toEqual([]);
  await first.executor.close();
  const second = await agent(fs, first.field);
  await second.settled();
  expect(second.told.states()).toEqual(['delivered', 'executed', 'verified']);
  expect(second.field.writes).toHaveLength(1);
  await second.executor.close();
});

test('a command is not acknowledged when the ledger cannot be written', async () => {
  const fs = new MemoryFs();
  const { executor, field } = await agent(fs);
  fs.fault = (operation) => (operation === 'datasync' ? Object.assign(new Error('EIO'), { code: 'EIO' }) : undefined);
  await expect(executor.deliver([command()])).rejects.toMatchObject({ code: 'io' });
  fs.fault = () => undefined;
  await executor.deliver([command()]);
  await executor.close();
  expect(field.writes.length).toBeLessThanOrEqual(1);
});

describe('local control', () => {
  test('keeps a command from the field while an interlock is on', async () => {
    const interlocked = (device: string, name: string): string => `${name} of ${device} is blocked`;
    const { executor, field, told, settled } = await agent(new MemoryFs(), undefined, { interlocked });
    await executor.deliver([command()]);
    await settled();
    expect(told.states()).toEqual(['delivered', 'failed']);
    expect(told.events.at(-1)?.detail).toMatch(/of press-1 is blocked/);
    expect(field.writes).toEqual([]);
    await executor.close();
  });

  test('gets its own commands, which are over when they are done', async () => {
    const local: ExecutorOptions['local'] = ({ name, args }) =>
      name === 'rule-reset' ? Promise.resolve(args === '{}' ? 'takes rule' : undefined) : undefined;
    const { executor, told, settled } = await agent(new MemoryFs(), undefined, { local });
    const order = { name: 'rule-reset', command_id: 'good', args: '{"rule":"trip"}' };
    await executor.deliver([command(order), command({ ...order, command_id: 'bad', args: '{}' })]);
    await settled();
    expect(told.states('good')).toEqual(['delivered', 'executed']);
    expect(told.events.find((e) => e.state === 'executed')?.result).toBe('{"verifiable":false}');
    expect(told.states('bad')).toEqual(['delivered', 'failed']);
    await executor.close();
  });
});

describe('clocks', () => {
  /** A wall clock that can be set; the monotonic one goes on. */
  function settable(): { clock: Clock; set: (by_ms: number) => void } {
    let offset = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + offset };
    return { clock, set: (by_ms) => (offset += by_ms) };
  }
  const DAY_MS = 86_400_000;

  test('a clock that was behind and is put right expires nothing by mistake', async () => {
    const { clock, set } = settable();
    set(-400 * DAY_MS);
    const { executor, told, settled } = await agent(new MemoryFs(), undefined, { clock });
    await executor.deliver([command({ command_id: 'early' })]);
    await settled();
    set(400 * DAY_MS);
    await executor.deliver([command({ command_id: 'late' })]);
    await settled();
    for (const id of ['early', 'late']) expect(told.states(id)).toEqual(['delivered', 'executed', 'verified']);
    await executor.close();
  });

  test('a clock set back carries out nothing that has expired', async () => {
    const { clock, set } = settable();
    const { executor, field, told, settled } = await agent(new MemoryFs(), undefined, { clock });
    await executor.deliver([command({ command_id: 'first' })]);
    await settled();
    set(-DAY_MS);
    const issued_at = systemClock.now() - 10_000;
    await executor.deliver([command({ command_id: 'stale', issued_at, deadline: issued_at + 5_000 })]);
    await settled();
    expect(told.states('stale')).toEqual(['delivered', 'expired']);
    expect(field.writes).toHaveLength(1);
    await executor.close();
  });
});

describe('QoS 1, restarted, and too late to begin', () => {
  async function late(field: MemoryField): Promise<string[]> {
    const fs = new MemoryFs();
    const order = command({ qos: 1, deadline: systemClock.now() + 40 });
    const first = await agent(fs, field);
    await first.ledger.record([{ type: 'received', command: order, at: systemClock.now() }]);
    await first.executor.close();
    await systemClock.sleep(60);
    const second = await agent(fs, field);
    await second.settled();
    await second.executor.close();
    return second.told.states();
  }

  test('the field shows it: it was done, and that is said', async () => {
    const field = new MemoryField();
    field.points.set('setpoint', 425);
    expect(await late(field)).toEqual(['delivered', 'executed', 'verified']);
    expect(field.writes).toEqual([]);
  });

  test('the field does not: it has expired, and nothing is written', async () => {
    const field = new MemoryField();
    expect(await late(field)).toEqual(['delivered', 'expired']);
    expect(field.writes).toEqual([]);
  });
});

describe('order', () => {
  const write = (id: string, device_id: string, value: number) =>
    command({ command_id: id, device_id, args: JSON.stringify({ metric: 'setpoint', value }) });

  test('a device that does not answer holds up its own commands only', async () => {
    const { executor, field, told, settled } = await agent(new MemoryFs());
    let answer: () => void = () => undefined;
    const stuck = new Promise<void>((resolve) => (answer = resolve));
    const direct = field.write.bind(field);
    field.write = (request) => (request.device === 'press-1' ? stuck.then(() => direct(request)) : direct(request));
    await executor.deliver([write('a1', 'press-1', 1), write('a2', 'press-1', 2), write('b1', 'press-2', 3)]);
    while (!told.states('b1').includes('executed')) await systemClock.sleep(5);
    while (told.states('a2').length === 0) await systemClock.sleep(5);
    expect(told.states('a2')).toEqual(['delivered']);
    answer();
    await settled();
    expect(field.writes.map(([, value]) => value)).toEqual([30, 10, 20]);
    await executor.close();
  });

  test('of each device as they came, also over a restart and with newer ones behind them', async () => {
    const fs = new MemoryFs();
    const first = await agent(fs);
    const devices = ['press-1', 'press-2', 'press-3'];
    const orders = Array.from({ length: 30 }, (_, n) => write(`c-${n}`, devices[n % 3] ?? '', n));
    const received = orders.slice(0, 15).map((order) => ({ type: 'received', command: order, at: 1 }) as const);
    await first.ledger.record(received);
    await first.executor.close();
    const seen = new Map<string, number[]>(devices.map((d) => [d, []]));
    const second = await agent(fs, first.field);
    second.field.behaviour = { before: ({ device, value }) => void seen.get(device)?.push(Number(value) / 10) };
    await second.executor.deliver(orders.slice(10));
    await second.settled();
    for (const [d, device] of devices.entries())
      expect(seen.get(device)).toEqual(orders.map((_, n) => n).filter((n) => n % 3 === d));
    await second.executor.close();
  });
});

const METHOD = {
  ...{ name: 'dose', description: '', args: [], verify: [] },
  writes: [{ metric: 'start', value: { list: [{ literal: 2.5 }] } }],
};
const withMethod = (field: MemoryField): Partial<ExecutorOptions> => {
  const plan = device();
  const start = { ...point('start', { kind: 'text' }), scale: undefined } as never;
  return {
    device: () => ({
      plan: { ...plan, byMetric: new Map([['start', start]]), commands: new Map([['dose', METHOD]]) },
      field,
    }),
  };
};

test('a method is called, and what it gave back is in the answer', async () => {
  const field = new MemoryField();
  field.behaviour = { called: () => ({ batch: 2n ** 60n, total_l: 2.5 }) };
  const { executor, told, settled } = await agent(new MemoryFs(), field, withMethod(field));
  await executor.deliver([command({ name: 'dose', args: '{}' })]);
  await settled();
  expect(field.calls).toEqual([[2.5]]);
  expect(told.events.at(-1)).toMatchObject({
    state: 'executed',
    result:
      '{"verifiable":false,"written":{"start":"[2.5]"},"answer":{"start":{"batch":"1152921504606846976","total_l":2.5}}}',
  });
  await executor.close();
});

test('a method that does not answer is not called again at QoS 2: nobody knows', async () => {
  const field = new MemoryField();
  field.behaviour = { called: () => noAnswer() };
  const { executor, told, settled } = await agent(new MemoryFs(), field, withMethod(field));
  await executor.deliver([command({ name: 'dose', args: '{}' })]);
  await settled();
  expect(field.calls).toHaveLength(1);
  expect(told.states().at(-1)).toBe('outcome-unknown');
  await executor.close();
});

describe('straight to the stream', () => {
  class Stream {
    readonly messages: Message[] = [];
    open = true;
    answer: (messages: readonly Message[]) => Promise<void> = (messages) =>
      Promise.resolve(void this.messages.push(...messages));

    /** Waits no moment for an answer that does not come. */
    readonly word = new DirectWord({
      publisher: { send: (messages) => this.answer(messages), close: () => Promise.resolve() },
      schemaIds: { idOf: () => Promise.resolve(7) },
      clock: { sleep: () => new Promise((over) => setImmediate(over)) },
      open: () => this.open,
    });

    states(): string[] {
      const decoder = new Decoder('command-event');
      return this.messages.map(({ value }) => decoder.decode(unframe(value).body).state);
    }
  }

  test('what was acknowledged there is told: not by the outbox, and not again after a restart', async () => {
    const [fs, stream] = [new MemoryFs(), new Stream()];
    const { executor, told, field, settled } = await agent(fs, undefined, { direct: stream.word });
    await executor.deliver([command()]);
    await settled();
    await executor.close();
    expect(stream.states()).toEqual(['delivered', 'executed', 'verified']);
    expect(new Set(stream.messages.map((m) => `${m.topic} ${m.key}`))).toEqual(
      new Set(['m2m.command-events default/c-1']),
    );
    expect(told.events).toEqual([]);
    const again = await agent(fs, field, { direct: stream.word });
    await again.settled();
    expect([stream.messages.length, again.told.events.length]).toEqual([3, 0]);
    await again.executor.close();
  });

  test('a platform that lost what it was told is told it again', async () => {
    const stream = new Stream();
    const { executor, told, settled } = await agent(new MemoryFs(), undefined, { direct: stream.word });
    await executor.deliver([command()]);
    await settled();
    stream.open = false;
    executor.tellEverything();
    await settled();
    expect([stream.states(), told.states()]).toEqual([
      ['delivered', 'executed', 'verified'],
      ['executed', 'verified'],
    ]);
    await executor.close();
  });

  test.each([
    ['refused', (s: Stream) => (s.answer = () => Promise.reject(new Error('no broker')))],
    ['not answered', (s: Stream) => (s.answer = () => new Promise(() => undefined))],
    ['away', (s: Stream) => (s.open = false)],
  ])('%s: the outbox brings it', async (_, trouble) => {
    const stream = new Stream();
    trouble(stream);
    const { executor, told, settled } = await agent(new MemoryFs(), undefined, { direct: stream.word });
    await executor.deliver([command()]);
    await settled();
    await executor.close();
    expect(told.states()).toEqual(['delivered', 'executed', 'verified']);
    expect(stream.messages).toEqual([]);
  });

  test('nothing is sent behind what hangs, until it is over', async () => {
    const stream = new Stream();
    const asked: number[] = [];
    let over = (): void => undefined;
    stream.answer = (messages) => {
      asked.push(messages.length);
      return new Promise((resolve) => (over = resolve));
    };
    const { executor, told, settled } = await agent(new MemoryFs(), undefined, { direct: stream.word });
    for (const id of ['a', 'b']) {
      await executor.deliver([command({ command_id: id })]);
      await settled();
    }
    expect([asked, told.states('b')]).toEqual([[3], ['delivered', 'executed', 'verified']]);
    over();
    await settled();
    await executor.deliver([command({ command_id: 'c' })]);
    await settled();
    expect([asked, told.states('c')]).toEqual([
      [3, 3],
      ['delivered', 'executed', 'verified'],
    ]);
    await executor.close();
  });
});
