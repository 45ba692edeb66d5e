import { ServiceError, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { type CommandInput } from '../../../services/domain/command';
import { classify, type Outcome, signaller, type SignallerDependencies } from '../../../services/relay/signaller';
import { tellWorkflow } from '../../../services/relay/tell-workflow';
import { item } from './items';

const grpc = (code: number): ServiceError =>
  new ServiceError('no', { cause: Object.assign(new Error('grpc'), { code }) });
const STARTABLE: CommandInput = {
  ...{ command_id: 'c1', tenant: 't', device_id: 'pump', agent_id: 'a1', name: 'set-setpoint', args: '{}' },
  ...{ qos: 2, issued_at: 1_000, deadline: 61_000, actor: 'ann' },
};
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

describe('one call for what there is of one workflow', () => {
  const start = { ...STARTABLE, sent_by_caller: true, recorded: true };
  const issued = { ...item('w', 1), start };
  async function called(items: Parameters<typeof tellWorkflow>[2]) {
    const calls: unknown[] = [];
    const note =
      (how: string) =>
      (type: unknown, { args, signalArgs, startDelay }: Record<string, unknown>) =>
        Promise.resolve(void calls.push({ how, type, args, signalArgs, startDelay }));
    const workflow = { start: note('start'), signalWithStart: note('signal') } as unknown;
    await tellWorkflow(workflow as Parameters<typeof tellWorkflow>[0], 'w', items);
    return calls;
  }

  test('reports alone wake the workflow, or find that nobody waits', async () => {
    const [{ event }, told] = [item('w', 2), await called([item('w', 2)])];
    expect(told).toEqual([{ how: 'signal', type: 'forgotten', signalArgs: [[event]] }]);
  });

  test('`issued` and reports: the workflow begins with them', async () => {
    const told = await called([issued, item('w', 2)]);
    expect(told).toEqual([{ how: 'signal', type: 'command', args: [start], signalArgs: [[item('w', 2).event]] }]);
  });

  test('`issued` alone: the workflow leaves the sending to the caller at first', async () => {
    expect(await called([issued])).toEqual([{ how: 'start', type: 'command', args: [start], startDelay: 5_000 }]);
  });
});
