import { ServiceError, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { classify, type Outcome, signaller, type SignallerDependencies } from '../../../services/relay/signaller';
import { item } from './items';

const grpc = (code: number): ServiceError =>
  new ServiceError('no', { cause: Object.assign(new Error('grpc'), { code }) });
const over = new WorkflowExecutionAlreadyStartedError('over', 'w', 'forgotten');

test.each([
  ['over', over, 'absent'],
  ['invalid argument', grpc(3), 'refused'],
  ['unavailable', grpc(14), 'transient'],
  ['deadline exceeded', grpc(4), 'transient'],
  ['resource exhausted', grpc(8), 'transient'],
  ['anything else', new Error('socket'), 'transient'],
] as const)('%s', (_, error, verdict) => {
  expect(classify(error)).toBe(verdict);
});

function harness(answers: (Error | undefined)[], of: Partial<SignallerDependencies> = {}) {
  const tried: Outcome[] = [];
  const pauses: number[] = [];
  const buried: string[] = [];
  const deliver = signaller({
    signal: () => {
      const answer = answers.shift();
      return answer ? Promise.reject(answer) : Promise.resolve();
    },
    sleep: (ms) => Promise.resolve(void pauses.push(ms)),
    stopping: () => false,
    tried: (outcome) => void tried.push(outcome),
    bury: (i, reason) => Promise.resolve(void buried.push(`${i.source.offset} ${reason}`)),
    ...of,
  });
  return { deliver, tried, pauses, buried };
}

test('delivers', async () => {
  const { deliver, tried } = harness([]);
  expect(await deliver('w', [item('w', 1)])).toBe(true);
  expect(tried).toEqual(['delivered']);
});

test('a workflow that is over is counted and done with', async () => {
  const { deliver, tried } = harness([over]);
  expect(await deliver('w', [item('w', 1)])).toBe(true);
  expect(tried).toEqual(['absent']);
});

test('Temporal away: tries on, ever more slowly, up to 5 s', async () => {
  const { deliver, tried, pauses } = harness(Array.from({ length: 8 }, () => grpc(14)));
  expect(await deliver('w', [item('w', 1)])).toBe(true);
  expect(tried.at(-1)).toBe('delivered');
  expect(pauses).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
});

test('what is refused is buried once each, with the reason', async () => {
  const { deliver, buried, tried } = harness([grpc(3)]);
  expect(await deliver('w', [item('w', 1), item('w', 2)])).toBe(true);
  expect(buried).toEqual(['1 no', '2 no']);
  expect(tried).toEqual(['refused', 'buried']);
});

test('a burial that fails is tried again, the signal is not', async () => {
  let failures = 2;
  const { deliver, tried } = harness([grpc(3)], {
    bury: () => (failures-- > 0 ? Promise.reject(new Error('broker away')) : Promise.resolve()),
  });
  expect(await deliver('w', [item('w', 1)])).toBe(true);
  expect(tried).toEqual(['refused', 'transient', 'transient', 'buried']);
});

test('stopping leaves the rest for the next run', async () => {
  let stop = false;
  const { deliver } = harness([grpc(14), grpc(14)], {
    stopping: () => stop,
    sleep: () => Promise.resolve(void (stop = true)),
  });
  expect(await deliver('w', [item('w', 1)])).toBe(false);
});
