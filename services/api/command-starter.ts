/**
 * Starts a command: `issued` on the log is what accepts it, and the order goes out behind it. The relay starts the workflow from `issued`, so
 * that nobody waits for Temporal before the field is written; what is not sent from here the workflow sends (decision 0485).
 */
import { type CommandInput } from '../../workflows/command/messages';
import { type CommandRecords, issuedEvent, orderOf, recordsOf } from '../domain/command';
import { ApiError } from './problem';

export interface CommandStarterDependencies {
  /** Starts the workflow that writes `issued` and sends its order itself; joins the one there is. */
  start(input: CommandInput): Promise<void>;
  /** Starts the workflow that leaves the sending to us at first; joins the one there is. */
  startSentByCaller(input: CommandInput): Promise<void>;
  publish(records: CommandRecords): Promise<void>;
  /** Resolves when whoever asked should not wait any longer for `issued`: the stream is away. */
  waitedEnough(): Promise<void>;
  /** Told of an order that could not be sent from here. */
  left(input: CommandInput, error: unknown): void;
}

/**
 * Resolves when the command cannot be lost any more: `issued` is on the log, or, with the stream away, the workflow on the server, which
 * then writes it.
 */
export function commandStarter(deps: CommandStarterDependencies): (input: CommandInput) => Promise<void> {
  return async (input) => {
    if (!input.sent_by_caller) return deps.start(input);
    const issued = deps.publish(recordsOf(input, [issuedEvent(input)]));
    // One after the other: the workflow takes any report of the agent for the sign that `issued` is on the log.
    issued
      .then(() => deps.publish(recordsOf(input, [], [orderOf(input, 1)])))
      .catch((error: unknown) => deps.left(input, error));
    const recorded = issued.then(
      () => true,
      () => false,
    );
    if (await Promise.race([recorded, deps.waitedEnough().then(() => false)])) return;
    await deps.startSentByCaller(input).catch((cause: unknown) => {
      const detail =
        'neither the stream nor Temporal answered: the command may still go out. Ask with the same Idempotency-Key again';
      throw new ApiError('unavailable', detail, { command_id: input.command_id }, { cause });
    });
  };
}
