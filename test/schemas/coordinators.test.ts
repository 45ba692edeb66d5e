import Cluster from 'kafkajs/src/cluster';
import RequestQueue from 'kafkajs/src/network/requestQueue';
import { Coordinators, rememberCoordinators } from '../../schemas/coordinators';
import { restWhenIdle } from '../../schemas/kafkajs-idle';

let now = 0;
let asked: string[] = [];
const find = (name: string) => (): Promise<string> => Promise.resolve(`${name} ${asked.push(name)}`);
beforeEach(() => {
  now = 0;
  asked = [];
});

test('a coordinator is asked for once a second, each by itself', async () => {
  const known = new Coordinators(() => now);
  const group = () => known.find({ groupId: 'g' }, find('group'));
  const transaction = () => known.find({ groupId: 'g', coordinatorType: 1 }, find('transaction'));
  expect(await Promise.all([group(), group(), transaction()])).toEqual(['group 1', 'group 1', 'transaction 2']);
  now = 999;
  expect(await group()).toBe('group 1');
  now = 1_000;
  expect(await group()).toBe('group 3');
});

test('what could not be found is asked for again', async () => {
  const known = new Coordinators(() => now);
  await expect(known.find({ groupId: 'g' }, () => Promise.reject(new Error('none')))).rejects.toThrow('none');
  expect(await known.find({ groupId: 'g' }, find('group'))).toBe('group 1');
});

test('kafkajs asks that way, and one connection’s answers are not another’s', async () => {
  const { prototype } = Cluster;
  prototype.findGroupCoordinatorMetadata = ({ groupId }) => find(groupId)();
  rememberCoordinators();
  rememberCoordinators();
  const [one, other] = [Object.create(prototype) as Cluster, Object.create(prototype) as Cluster];
  const ask = (of: Cluster) => of.findGroupCoordinatorMetadata({ groupId: 'g' });
  expect(await Promise.all([ask(one), ask(one), ask(other)])).toEqual(['g 1', 'g 1', 'g 2']);
});

describe('a connection on which nobody waits', () => {
  let sent: number[];
  let queue: RequestQueue;
  const ask = (correlationId: number): void => {
    const entry = { correlationId, resolve: () => undefined };
    queue.push({ entry, expectResponse: true, sendRequest: () => sent.push(correlationId) });
  };
  const answer = (correlationId: number): void => queue.fulfillRequest({ correlationId, payload: null, size: 0 });

  beforeEach(() => {
    jest.useFakeTimers();
    restWhenIdle();
    restWhenIdle();
    sent = [];
    queue = new RequestQueue({ maxInFlightRequests: 1, requestTimeout: 1_000, logger: { debug: () => undefined } });
  });
  afterEach(() => jest.useRealTimers());

  test('rests; one that waits is sent at the answer before it', () => {
    ask(1);
    answer(1);
    expect(jest.getTimerCount()).toBe(0);
    ask(2);
    ask(3);
    expect(sent).toEqual([1, 2]);
    answer(2);
    expect(sent).toEqual([1, 2, 3]);
    answer(3);
    jest.runOnlyPendingTimers();
    expect(jest.getTimerCount()).toBe(0);
  });

  test('throttled by the broker, one is sent when that is over', () => {
    queue.maybeThrottle(50);
    ask(1);
    jest.advanceTimersByTime(49);
    expect(sent).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(sent).toEqual([1]);
    answer(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});
