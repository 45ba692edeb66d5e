/** Command events for tests, and the lives a truthful agent can give a command. */
import fc from 'fast-check';
import { type CommandEvent } from '../../../../schemas/generated';
import { COMMAND_STATES, type CommandState } from '../../../../services/domain/command';

export const AGENT = 'agent:a1';
export const PLATFORM = 'workflow';

export function event(state: string, fields: Partial<CommandEvent> = {}): CommandEvent {
  return {
    command_id: 'c1',
    tenant: 't',
    device_id: 'pump',
    agent_id: 'a1',
    state,
    at: 1_000,
    actor: AGENT,
    name: 'set-setpoint',
    args: '{"value":21.5}',
    qos: 1,
    attempt: 1,
    detail: '',
    result: '{}',
    seq: null,
    ...fields,
  };
}

/** What an agent may truthfully report of one command, in its own order. */
const AGENT_LIVES: readonly (readonly CommandState[])[] = [
  [],
  ['expired'],
  ['cancelled'],
  ['delivered'],
  ['delivered', 'expired'],
  ['delivered', 'cancelled'],
  ['delivered', 'failed'],
  ['delivered', 'outcome-unknown'],
  ['delivered', 'executed'],
  ['delivered', 'executed', 'verified'],
  ['delivered', 'executed', 'failed'],
  ['delivered', 'executed', 'outcome-unknown'],
];

/** What the platform adds: nothing, or the admission that it heard nothing in time. */
export const lives = fc
  .record({
    agent: fc.constantFrom(...AGENT_LIVES),
    gaveUp: fc.boolean(),
    attempts: fc.integer({ min: 1, max: 3 }),
    start: fc.integer({ min: 0, max: 1e12 }),
  })
  .map(({ agent, gaveUp, attempts, start }) => {
    const told = agent.map((state, i) => event(state, { at: start + 10 * (i + 1), seq: i + 1, attempt: attempts }));
    return [
      event('issued', { at: start, actor: 'ann' }),
      ...told,
      ...(gaveUp ? [event('outcome-unknown', { at: start + 1_000, actor: PLATFORM })] : []),
    ];
  });

/** Anything at all, contradictions and states of the future included. */
export const garbage = fc
  .record({
    state: fc.constantFrom(...COMMAND_STATES, 'dreaming', ''),
    at: fc.integer({ min: 0, max: 5 }),
    attempt: fc.integer({ min: 1, max: 3 }),
    actor: fc.constantFrom(AGENT, PLATFORM),
    name: fc.constantFrom('', 'set-setpoint', 'millrace.flush'),
    result: fc.constantFrom('{}', '{"verifiable":false}', 'not json', '[]'),
    seq: fc.option(fc.integer({ min: 1, max: 9 })),
  })
  .map(({ state, ...fields }) => event(state, fields));

/** The events in some other order, some of them more than once. */
export const disturbed = (events: readonly CommandEvent[]): fc.Arbitrary<CommandEvent[]> =>
  fc
    .tuple(fc.shuffledSubarray([...events], { minLength: events.length }), fc.subarray([...events]))
    .chain(([all, again]) => fc.shuffledSubarray([...all, ...again], { minLength: all.length + again.length }));
