import { type DeviceReply } from '../../../schemas/generated';
import { EventWriter } from '../../../schemas/stream';
import { Topics } from '../../../schemas/topics';
import { MAX_WAITING, Registrar } from '../../../services/api/registrar';

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

const sent: number[] = [];
const registrarOver = (send: () => Promise<[]> = () => Promise.resolve([])): Registrar =>
  new Registrar('api-1', { send: ({ messages }) => (sent.push(messages.length), send()) }, writers);

beforeEach(() => {
  sent.length = 0;
  jest.useFakeTimers();
});
afterEach(() => jest.useRealTimers());

const outcomes = (answers: readonly (DeviceReply | Error)[]): string[] =>
  answers.map((a) => (a instanceof Error ? (a.message.split(';')[0] ?? '') : `${a.request_id} ${a.outcome}`));

test('what is asked together is written together, and answered in the order it was asked', async () => {
  const registrar = registrarOver();
  const asked = registrar.askAll(['a', 'b', 'c'].map(request));
  expect(registrar.pending).toBe(3);
  for (const id of ['c', 'a', 'stranger', 'a', 'b']) registrar.answer(reply(id));
  expect(outcomes(await asked)).toEqual(['a accepted', 'b accepted', 'c accepted']);
  expect([sent, registrar.pending, jest.getTimerCount()]).toEqual([[3], 0, 0]);
});

test('silence is told of those that it concerns, and of nobody twice', async () => {
  const registrar = registrarOver();
  const asked = registrar.askAll(['a', 'b'].map(request), 5_000);
  registrar.answer(reply('b'));
  await jest.advanceTimersByTimeAsync(5_000);
  registrar.answer(reply('a'));
  expect(outcomes(await asked)).toEqual(['the registry has not answered', 'b accepted']);
  expect(registrar.pending).toBe(0);
});

test('one reply answers all who asked under its id', async () => {
  const registrar = registrarOver();
  const both = [registrar.ask(request('a')), registrar.ask(request('a'))];
  registrar.answer(reply('a'));
  expect(outcomes(await Promise.all(both))).toEqual(['a accepted', 'a accepted']);
});

test('what the broker does not take is answered at once, what is too much is not sent', async () => {
  const refusing = registrarOver(() => Promise.reject(new Error('down')));
  expect(outcomes(await refusing.askAll([request('a')]))).toEqual(['the broker did not take the request']);
  await expect(refusing.ask(request('a'))).rejects.toMatchObject({ code: 'unavailable', status: 503 });
  const many = Array.from({ length: MAX_WAITING + 1 }, (_, i) => request(String(i)));
  expect(outcomes(await refusing.askAll(many))[0]).toBe(`${MAX_WAITING} requests are waiting already`);
  expect([sent, refusing.pending]).toEqual([[1, 1], 0]);
});
