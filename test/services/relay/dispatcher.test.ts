import {
  Dispatcher,
  LINGER_MS,
  MAX_EVENTS_IN_FLIGHT,
  MAX_EVENTS_PER_SIGNAL,
  MAX_SIGNALS_IN_FLIGHT,
} from '../../../services/relay/dispatcher';
import { type Item } from '../../../services/relay/item';
import { gate, item, settled } from './items';

interface Sent {
  readonly id: string;
  readonly seqs: (number | null)[];
  readonly end: (delivered: boolean) => void;
}

function controlled(): { dispatcher: Dispatcher; sent: Sent[] } {
  const sent: Sent[] = [];
  const dispatcher = new Dispatcher((id, items: readonly Item[]) => {
    const { promise, open } = gate<boolean>();
    sent.push({ id, seqs: items.map((i) => i.event.seq), end: open });
    return promise;
  });
  return { dispatcher, sent };
}

test('one workflow: one signal at a time, in order, and what gathers meanwhile goes together', async () => {
  const { dispatcher, sent } = controlled();
  for (const n of [1, 2, 3]) dispatcher.add(item('w', n));
  expect(sent.map((s) => s.seqs)).toEqual([[1]]);
  sent[0]?.end(true);
  await settled();
  expect(sent.map((s) => s.seqs)).toEqual([[1], [2, 3]]);
});

test('a slow workflow holds up no other', async () => {
  const { dispatcher, sent } = controlled();
  dispatcher.add(item('slow', 1));
  dispatcher.add(item('quick', 2));
  sent[1]?.end(true);
  await settled();
  dispatcher.add(item('quick', 3));
  expect(sent.map((s) => s.id)).toEqual(['slow', 'quick', 'quick']);
});

test('signals under way are bounded; the rest waits its turn', async () => {
  const { dispatcher, sent } = controlled();
  for (let n = 0; n < MAX_SIGNALS_IN_FLIGHT + 5; n++) dispatcher.add(item(`w${n}`, n));
  expect(sent.length).toBe(MAX_SIGNALS_IN_FLIGHT);
  expect(dispatcher.signalsInFlight).toBe(MAX_SIGNALS_IN_FLIGHT);
  sent[0]?.end(true);
  await settled();
  expect(sent.length).toBe(MAX_SIGNALS_IN_FLIGHT + 1);
});

test('events of a signal are bounded', async () => {
  const { dispatcher, sent } = controlled();
  for (let n = 0; n <= MAX_EVENTS_PER_SIGNAL + 1; n++) dispatcher.add(item('w', n));
  sent[0]?.end(true);
  await settled();
  expect(sent[1]?.seqs.length).toBe(MAX_EVENTS_PER_SIGNAL);
});

test('full at the bound, and progress is told when there is room again', async () => {
  const { dispatcher, sent } = controlled();
  for (let n = 0; n < MAX_EVENTS_IN_FLIGHT; n++) dispatcher.add(item('w', n));
  expect(dispatcher.full).toBe(true);
  const progress = dispatcher.progress();
  sent[0]?.end(true);
  await progress;
  expect(dispatcher.full).toBe(false);
});

test('done is called for what was delivered, and never for what was not', async () => {
  const { dispatcher, sent } = controlled();
  const done: number[] = [];
  dispatcher.add(item('a', 1, () => done.push(1)));
  dispatcher.add(item('b', 2, () => done.push(2)));
  sent[0]?.end(true);
  sent[1]?.end(false);
  await settled();
  expect(done).toEqual([1]);
  expect(dispatcher.eventsInFlight).toBe(1);
});

describe('events that nobody waits for', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate'] }));
  afterEach(() => jest.useRealTimers());
  const patient = (n: number) => item('w', n, undefined, false);

  test('go along with the one that ends the command', () => {
    const { dispatcher, sent } = controlled();
    dispatcher.add(patient(1));
    dispatcher.add(patient(2));
    expect(sent).toEqual([]);
    dispatcher.add(item('w', 3));
    expect(sent.map((s) => s.seqs)).toEqual([[1, 2, 3]]);
  });

  test('go by themselves after a moment', () => {
    const { dispatcher, sent } = controlled();
    dispatcher.add(patient(1));
    jest.advanceTimersByTime(LINGER_MS - 1);
    dispatcher.add(patient(2));
    expect(sent).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(sent.map((s) => s.seqs)).toEqual([[1, 2]]);
  });

  test('linger anew after a signal', async () => {
    const { dispatcher, sent } = controlled();
    dispatcher.add(item('w', 1));
    dispatcher.add(patient(2));
    sent[0]?.end(true);
    await settled();
    expect(sent.length).toBe(1);
    jest.advanceTimersByTime(LINGER_MS);
    expect(sent.map((s) => s.seqs)).toEqual([[1], [2]]);
  });

  test('go at once when the process is about to stop', () => {
    const { dispatcher, sent } = controlled();
    dispatcher.add(patient(1));
    dispatcher.hurry();
    expect(sent.map((s) => s.seqs)).toEqual([[1]]);
  });
});
