import {
  callerSendsFor_ms,
  type CommandInput,
  conclude,
  fold,
  inputOf,
  issuedEvent,
  MAX_ATTEMPTS,
  MAX_TIMEOUT_MS,
  resendDelay_ms,
  wasReceived,
} from '../../../../services/domain/command';
import { event } from './events';

const after = (...states: string[]) => fold(['issued', ...states].map((s) => event(s)));
const sent = { sent: true, cancelReason: undefined };
const neverSent = { sent: false, cancelReason: undefined };

describe('when the waiting is over', () => {
  test.each([
    ['never sent', after(), neverSent, 'expired'],
    ['never sent and cancelled', after(), { sent: false, cancelReason: 'changed my mind' }, 'cancelled'],
    ['sent, not a word', after(), sent, 'outcome-unknown'],
    ['sent and cancelled, not a word', after(), { sent: true, cancelReason: 'changed my mind' }, 'outcome-unknown'],
    ['delivered, no result', after('delivered'), sent, 'outcome-unknown'],
  ] as const)('%s', (_, history, circumstances, state) => {
    expect(conclude(history, circumstances)).toMatchObject({ kind: 'write', state });
  });

  test.each(['executed', 'verified', 'failed', 'expired', 'cancelled', 'outcome-unknown'])(
    'the word %s of the agent stands',
    (state) => {
      expect(conclude(after('delivered', state), sent)).toEqual({ kind: 'stands' });
    },
  );
});

describe('sending again', () => {
  test('after 5 s, then twice as long each time, at most 6 h', () => {
    expect([1, 2, 3, 14, 15, 100].map((n) => resendDelay_ms(n))).toEqual([
      5_000, 10_000, 20_000, 21_600_000, 21_600_000, 21_600_000,
    ]);
  });

  test('a bounded number of times, which lasts for the longest deadline', () => {
    let total = 0;
    let attempt = 1;
    for (let pause = resendDelay_ms(attempt); pause !== undefined; pause = resendDelay_ms(++attempt)) total += pause;
    expect(attempt).toBe(MAX_ATTEMPTS);
    expect(total).toBeGreaterThanOrEqual(MAX_TIMEOUT_MS);
  });

  test.each([
    [60_000, 5_000],
    [10_000, 5_000],
    [3_000, 1_500],
    [100, 50],
    [-1, 1],
  ])('a caller has of %p ms until the deadline %p to send first', (timeout_ms, for_ms) => {
    expect(callerSendsFor_ms({ issued_at: 1_000, deadline: 1_000 + timeout_ms })).toBe(for_ms);
  });

  test('until the first sign that the agent has it', () => {
    expect(wasReceived(after())).toBe(false);
    expect(wasReceived(after('delivered'))).toBe(true);
    expect(wasReceived(fold([event('issued'), event('verified')]))).toBe(true);
  });
});

describe('a workflow starts from `issued`', () => {
  const input: CommandInput = {
    ...{ command_id: 'c1', tenant: 't', device_id: 'pump', agent_id: 'a1', name: 'set-setpoint', args: '{"value":1}' },
    ...{ qos: 2, issued_at: 1_000, deadline: 61_000, actor: 'ann', sent_by_caller: true },
  };

  test.each([
    ['bare', {}],
    ['at QoS 1', { qos: 1 }],
    ['with options', { options: { priority: 3, when_awake: true, only_if: [{ metric: 'm', is: '=', value: 1 }] } }],
    ['with a trace', { traceparent: 'trace' }],
  ] as const)('with all that was asked for: %s', (_, of) => {
    const asked = { ...input, ...of };
    expect(inputOf(issuedEvent(asked), 'traceparent' in of ? of.traceparent : undefined)).toEqual({
      ...asked,
      recorded: true,
    });
  });

  test.each([
    ['its workflow wrote it', issuedEvent({ ...input, sent_by_caller: false })],
    ['it is another event', event('delivered', { result: '{"sent_by_caller":true,"deadline":1}' })],
    ['it does not say until when', event('issued', { result: '{"sent_by_caller":true}' })],
  ])('not where %s', (_, of) => {
    expect(inputOf(of)).toBeUndefined();
  });
});
