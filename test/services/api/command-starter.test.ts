import { commandStarter } from '../../../services/api/command-starter';
import { type CommandInput, type CommandRecords } from '../../../services/domain/command';

const INPUT: CommandInput = {
  ...{ command_id: 'c1', tenant: 't', device_id: 'pump', agent_id: 'a1', name: 'set-setpoint', args: '{}' },
  ...{ qos: 2, issued_at: 1_000, deadline: 61_000, actor: 'ann', sent_by_caller: true },
};

function harness({ fails = (_: CommandRecords): boolean => false, away = false, temporalAway = false } = {}) {
  const did: string[] = [];
  const start = commandStarter({
    start: async ({ command_id }) => void did.push(`start ${command_id}`),
    startSentByCaller: async ({ command_id, sent_by_caller }) => {
      if (temporalAway) throw new Error('no Temporal');
      did.push(`start ${command_id}, sent by caller ${sent_by_caller}`);
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

test('`issued`, then the order; the workflow is the relay’s to start', async () => {
  expect(await harness()(INPUT)).toEqual(['issued', 'set-setpoint#1', 'answered']);
});

test('one that is not ours to send is started and sent by its workflow', async () => {
  expect(await harness()({ ...INPUT, sent_by_caller: false })).toEqual(['start c1', 'answered']);
});

const STARTED = 'start c1, sent by caller true';

test('no order goes out before `issued` is written; what is not sent is left to the workflow', async () => {
  const fails = ({ events }: CommandRecords): boolean => events.length > 0;
  expect(await harness({ fails })(INPUT)).toEqual(['left c1: broker away', STARTED, 'answered']);
});

test('with the stream away the command is accepted by Temporal', async () => {
  expect(await harness({ away: true })(INPUT)).toEqual([STARTED, 'answered']);
});

test('with both away nobody is told that it was accepted', async () => {
  await expect(harness({ away: true, temporalAway: true })(INPUT)).rejects.toMatchObject({ code: 'unavailable' });
});
