import {
  type BatchedRequest,
  type BatchedResult,
  type DeviceReply,
  type DeviceRequest,
} from '../../../schemas/generated';
import { Decoder, FRAME_HEADER_BYTES } from '../../../schemas/codec';
import { EventWriter } from '../../../schemas/stream';
import { Topics } from '../../../schemas/topics';
import { MAX_WAITING, Registrar } from '../../../services/api/registrar';
import { batchesOf, MAX_BATCH_CHARS, MAX_BATCHED_REQUESTS } from '../../../services/api/request-batches';
import { MAX_BATCHED } from '../../../services/registry/batched';

const ids = new Proxy({}, { get: () => 1 });
const writers = {
  device: new EventWriter(Topics.deviceRequests, ids),
  definition: new EventWriter(Topics.definitionRequests, ids),
};

type Asked = Parameters<Registrar['ask']>[0];
const request = (request_id: string): Asked => ({
  ...{ request_id, tenant: 't', device_id: `d-${request_id}`, type: 'register', expected_version: null },
  ...{ actor: 'test', reason: null, at: 0, data: '{}' },
});
const reply = (request_id: string): DeviceReply => ({
  ...{ request_id, reply_to: 'api-1', tenant: 't', device_id: `d-${request_id}`, outcome: 'accepted' },
  ...{ code: '', detail: '', state: '', at: 0 },
});
const COMMON = { tenant: 't', actor: 'test', reason: null, at: 0 };
const PARTITIONS = 3;

const requests = new Decoder('device-request');
const sent: DeviceRequest[][] = [];
const registrarOver = (send: () => Promise<[]> = () => Promise.resolve([])): Registrar => {
  const record = (value: unknown): DeviceRequest => requests.decode((value as Buffer).subarray(FRAME_HEADER_BYTES));
  const producer: ConstructorParameters<typeof Registrar>[1] = {
    send: ({ messages }) => {
      sent.push(messages.map(({ value }) => record(value)));
      return send();
    },
  };
  return new Registrar('api-1', producer, writers, PARTITIONS);
};

beforeEach(() => {
  sent.length = 0;
  jest.useFakeTimers();
});
afterEach(() => jest.useRealTimers());

const wish = (i: number, data = '{}'): BatchedRequest => ({
  ...{ request_id: `r${i}`, device_id: `d${i}`, type: 'register', data },
});
const wishes = (n: number): BatchedRequest[] => Array.from({ length: n }, (_, i) => wish(i));
const result = (version: number): BatchedResult => ({
  ...{ outcome: 'accepted', code: '', detail: '', state: 'registered', version },
});
/** As a registry does: each device's number is its version. */
const answerTo = (record: DeviceRequest): DeviceReply => ({
  ...reply(record.request_id),
  results: (record.batch ?? []).map((one) => result(Number(one.device_id.slice(1)))),
});
const told = (answers: readonly (BatchedResult | Error)[]): (number | string)[] =>
  answers.map((a) => (a instanceof Error ? (a.message.split(';')[0] ?? '') : a.version));

test('what is asked together is one record for each partition, and is answered in the order it was asked', async () => {
  const registrar = registrarOver();
  const asked = registrar.askMany(COMMON, wishes(20));
  const records = sent.flat();
  expect([sent.length, records.length, registrar.pending]).toEqual([1, PARTITIONS, PARTITIONS]);
  expect(new Set(records.map((r) => r.request_id)).size).toBe(PARTITIONS);
  for (const record of [...records].reverse()) registrar.answer(answerTo(record));
  registrar.answer(reply('stranger'));
  expect(told(await asked)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  expect([registrar.pending, jest.getTimerCount()]).toEqual([0, 0]);
});

test('silence is told of those that it concerns', async () => {
  const registrar = registrarOver();
  const asked = registrar.askMany(COMMON, wishes(20), 5_000);
  const [first] = sent.flat();
  if (first) registrar.answer(answerTo(first));
  await jest.advanceTimersByTimeAsync(5_000);
  const answers = told(await asked);
  const silent = answers.filter((a) => a === 'the registry has not answered').length;
  expect([silent, answers.length - silent]).toEqual([20 - (first?.batch?.length ?? 0), first?.batch?.length]);
  expect(registrar.pending).toBe(0);
});

test('a registry of a release that knows of no batches is told of', async () => {
  const registrar = registrarOver();
  const asked = registrar.askMany(COMMON, wishes(1));
  for (const { request_id } of sent.flat())
    registrar.answer({ ...reply(request_id), outcome: 'rejected', detail: 'data is malformed' });
  expect(told(await asked)).toEqual(['the registry does not take batches: data is malformed']);
});

test('one reply answers all who asked under its id', async () => {
  const registrar = registrarOver();
  const both = [registrar.ask(request('a')), registrar.ask(request('a'))];
  registrar.answer(reply('a'));
  expect((await Promise.all(both)).map((r) => r.request_id)).toEqual(['a', 'a']);
});

test('what the broker does not take is answered at once, what is too much is not sent', async () => {
  const refusing = registrarOver(() => Promise.reject(new Error('down')));
  expect(told(await refusing.askMany(COMMON, [wish(1)]))).toEqual(['the broker did not take the request']);
  await expect(refusing.ask(request('a'))).rejects.toMatchObject({ code: 'unavailable', status: 503 });
  const registrar = registrarOver();
  const waiting = Array.from({ length: MAX_WAITING }, (_, i) => registrar.ask(request(String(i))));
  await expect(registrar.ask(request('more'))).rejects.toThrow(`${MAX_WAITING} requests are waiting already`);
  expect(registrar.pending).toBe(MAX_WAITING);
  for (let i = 0; i < MAX_WAITING; i++) registrar.answer(reply(String(i)));
  await Promise.all(waiting);
  expect(registrar.pending).toBe(0);
});

describe('division into records', () => {
  const sizes = (batches: readonly number[][]): number[] => batches.map((b) => b.length);

  test('requests for one device stay in order', () => {
    const batches = batchesOf('t', [wish(1), wish(2), wish(1), wish(3), wish(1)], 1_000);
    expect(batches.find((b) => b.includes(0))).toEqual([0, 2, 4]);
  });

  test('no record holds more than the registry takes, in number or in length', () => {
    expect(sizes(batchesOf('t', wishes(MAX_BATCHED_REQUESTS + 1), 1))).toEqual([MAX_BATCHED_REQUESTS, 1]);
    expect(MAX_BATCHED_REQUESTS).toBeLessThanOrEqual(MAX_BATCHED);
    const long = [1, 2, 3].map((i) => wish(i, 'x'.repeat(MAX_BATCH_CHARS / 2)));
    expect(sizes(batchesOf('t', long, 1))).toEqual([2, 1]);
  });
});
