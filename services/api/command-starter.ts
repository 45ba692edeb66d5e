/**
 * Starts a command. Its workflow is on the server before anything is sent, and the order is sent from here: the way over a task of
 * the worker costs more than all the rest of it. What is not sent from here the workflow sends (decision 0480).
 */
import { type CommandInput } from '../../workflows/command/messages';
import { type CommandRecords, issuedEvent, orderOf, recordsOf } from '../domain/command';

export interface CommandStarterDependencies {
  /** Starts the workflow that sends its order itself; joins the one there is. */
  start(input: CommandInput): Promise<void>;
  /** Starts the workflow that leaves the sending to us. False: it was started before, so it is not ours to send. */
  startSentByCaller(input: CommandInput): Promise<boolean>;
  publish(records: CommandRecords): Promise<void>;
  /** Resolves when whoever asked should not wait any longer for `issued`: the stream is away. */
  waitedEnough(): Promise<void>;
  /** Told of an order that could not be sent from here. */
  left(input: CommandInput, error: unknown): void;
}

/**
 * Resolves when the workflow is on the server and `issued` on the log: what was accepted is known even when Temporal loses its
 * database in the next moment. With the stream away it resolves without, and the workflow writes it.
 */
export function commandStarter(deps: CommandStarterDependencies): (input: CommandInput) => Promise<void> {
  return async (input) => {
    // At QoS 0 nobody may send twice, so one does; an approval comes to the workflow.
    if (input.qos === 0 || input.needs_approval) return deps.start(input);
    if (!(await deps.startSentByCaller(input))) return;
    const issued = deps.publish(recordsOf(input, [issuedEvent(input)]));
    // One after the other: the workflow takes any report of the agent for the sign that `issued` is on the log.
    issued
      .then(() => deps.publish(recordsOf(input, [], [orderOf(input, 1)])))
      .catch((error: unknown) => deps.left(input, error));
    await Promise.race([issued.catch(() => undefined), deps.waitedEnough()]);
  };
}
