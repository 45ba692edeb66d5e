import { commandStarter } from '../../../services/api/command-starter';
import { type CommandInput, type CommandRecords } from '../../../services/domain/command';

const INPUT: CommandInput = {
  ...{ command_id: 'c1', tenant: 't', device_id: 'pump', agent_id: 'a1', name: 'set-setpoint', args: '{}' },
  ...{ qos: 2, issued_at: 1_000, deadline: 61_000, actor: 'ann' },
};

function harness({ fresh = true, fails = (_: CommandRecords): boolean => false, away = false } = {}) {
  const did: string[] = [];
  const start = commandStarter({
    start: async ({ command_id }) => void did.push(`start ${command_id}`),
    startSentByCaller: async ({ command_id }) => {
      did.push(`start ${command_id}, sent by caller`);
      return fresh;
    },
    publish: async (records) => {
      if (away) return new Promise<void>(() => undefined);
      if (fails(records)) throw new Error('broker away');
      did.push(...records.events.map((e) => e.state), ...records.commands.map((c) => `${c.name}#${c.attempt}`));
    },
    waitedEnough: () => (away ? Promise.resolve() : new Promise(() => undefined)),
    left: ({ command_id }, error) => void did.push(`left ${command_id}: ${(error as Error).message}`),
  });
  return async (input: CommandInput): Promise<string[]> => {
    await start(input);
    did.push('answered');
    await new Promise(setImmediate);
    return did;
  };
}

test('the workflow first, then `issued`, then the order', async () => {
  expect(await harness()(INPUT)).toEqual(['start c1, sent by caller', 'issued', 'set-setpoint#1', 'answered']);
});

test.each([
  ['at QoS 0', { qos: 0 }],
  ['that waits for approval', { needs_approval: true }],
] as const)('a command %s is sent by its workflow', async (_, of) => {
  expect(await harness()({ ...INPUT, ...of })).toEqual(['start c1', 'answered']);
});

test('one that was started before is not ours to send', async () => {
  expect(await harness({ fresh: false })(INPUT)).toEqual(['start c1, sent by caller', 'answered']);
});

test('no order goes out before `issued` is written; what is not sent is left to the workflow', async () => {
  const fails = ({ events }: CommandRecords): boolean => events.length > 0;
  expect(await harness({ fails })(INPUT)).toEqual(['start c1, sent by caller', 'left c1: broker away', 'answered']);
});

test('with the stream away the answer does not wait for ever', async () => {
  expect(await harness({ away: true })(INPUT)).toEqual(['start c1, sent by caller', 'answered']);
});
