/** The final flush: a platform order like any command, so it is sent again, timed and recorded as one. */
import { condition, ParentClosePolicy, startChild, workflowInfo } from '@temporalio/workflow';
import { cancelSignal, commandStartOptions, type CommandOutcome } from '../command/messages';
import { command } from '../command/workflow';
import { now } from '../shared/clock';
import { type AbandonRequest, type DecommissionInput } from './messages';

export const FLUSH_ORDER = 'millrace.flush';

export interface Flushed {
  /** Last sequence number the agent confirmed; null when it did not. */
  readonly last_seq: number | null;
  readonly detail: string;
}

/**
 * Ends with the agent's confirmation, at the deadline without, or when the decommissioning is abandoned. Does not throw.
 * `n`: 1 for the first order of this run.
 */
export async function flush(
  { tenant, device_id, agent_id, actor }: DecommissionInput & { agent_id: string },
  { flush_ms, n }: { readonly flush_ms: number; readonly n: number },
  abandoned: () => AbandonRequest | undefined,
): Promise<Flushed> {
  const issued_at = now();
  const options = commandStartOptions({
    command_id: `flush.${workflowInfo().runId}${n === 1 ? '' : `.${n}`}`,
    ...{ tenant, device_id, agent_id, actor, issued_at },
    name: FLUSH_ORDER,
    args: '{}',
    qos: 1,
    deadline: issued_at + flush_ms,
  });
  const { workflowId, args, typedSearchAttributes, staticSummary } = options;
  const child = await startChild(command, {
    ...{ workflowId, args, typedSearchAttributes: [...typedSearchAttributes], staticSummary },
    parentClosePolicy: ParentClosePolicy.ABANDON,
  });
  let flushed: Flushed | undefined;
  void child.result().then(
    (outcome) => (flushed = confirmed(outcome)),
    (error: unknown) => (flushed = { last_seq: null, detail: `not confirmed: ${(error as Error).message}` }),
  );
  await condition(() => flushed !== undefined || abandoned() !== undefined);
  const abandon = abandoned();
  if (flushed || !abandon) return flushed ?? { last_seq: null, detail: '' };
  // It may have ended at this very moment: then there is nothing left to cancel.
  await child.signal(cancelSignal, abandon).catch(() => undefined);
  return { last_seq: null, detail: 'interrupted' };
}

function confirmed({ state, result, detail }: CommandOutcome): Flushed {
  const seq = result['last_seq'];
  if (state === 'executed' && typeof seq === 'number')
    return { last_seq: seq, detail: `the agent confirmed everything up to ${seq}` };
  return {
    last_seq: null,
    detail: `not confirmed (${state}${detail && `: ${detail}`})`,
  };
}
