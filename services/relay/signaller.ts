/** One signal to one workflow, for as long as it takes. */
import { ServiceError, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { type Tracer } from '../../schemas/tracing/tracer';
import { type Deliver } from './dispatcher';
import { type Item } from './item';

export type Verdict =
  /** The workflow has ended: late and repeated events come to this, and it is no error. */
  | 'absent'
  /** No repetition can help. */
  | 'refused'
  /** Temporal is away or busy. */
  | 'transient';

const INVALID_ARGUMENT = 3;

/** What a try came to; `buried` follows `refused`. */
export type Outcome = Verdict | 'delivered' | 'buried';

export function classify(error: unknown): Verdict {
  if (error instanceof WorkflowExecutionAlreadyStartedError) return 'absent';
  const code = error instanceof ServiceError ? (error.cause as { code?: unknown } | undefined)?.code : undefined;
  return code === INVALID_ARGUMENT ? 'refused' : 'transient';
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export interface SignallerDependencies {
  /** Starts the workflow, where one of the items says with what and it is not there. */
  signal(workflowId: string, items: readonly Item[]): Promise<void>;
  sleep(ms: number): Promise<void>;
  /** True once the process stops: what is not delivered is left for the next run. */
  stopping(): boolean;
  /** Told of each attempt. */
  tried(outcome: Outcome, items: readonly Item[], error?: unknown): void;
  /** Keeps an item nobody will take where people look for it; tried again when it throws. */
  bury(item: Item, reason: string): Promise<void>;
}

export function signaller(deps: SignallerDependencies): Deliver {
  return async (workflowId, items) => {
    // Once refused, what is left to do is to bury, not to signal again.
    let refusal: Error | undefined;
    for (let pause_ms = FIRST_PAUSE_MS; !deps.stopping(); pause_ms = Math.min(LONGEST_PAUSE_MS, 2 * pause_ms)) {
      const { outcome, error } = refusal ? await burial(deps, items, refusal) : await attempt(deps, workflowId, items);
      deps.tried(outcome, items, error);
      if (outcome === 'delivered' || outcome === 'absent' || outcome === 'buried') return true;
      if (outcome === 'refused') refusal = error as Error;
      else await deps.sleep(pause_ms);
    }
    return false;
  };
}

/** The last step of a command's trace: from here its workflow knows. One signal may carry what belongs to several spans. */
export function traced(deliver: Deliver, tracer: Tracer): Deliver {
  return async (workflowId, items) => {
    const parents = new Set(items.map((i) => i.source.traceparent));
    const attributes = {
      'millrace.command_id': items[0]?.event.command_id ?? '',
      'millrace.command_states': items.map((i) => i.event.state).join(','),
    };
    const spans = [...parents].map((p) => tracer.follow(p, 'tell the workflow', { kind: 'client', attributes }));
    const delivered = await deliver(workflowId, items);
    for (const span of spans) span.end({ error: delivered ? undefined : 'stopped before it was delivered' });
    return delivered;
  };
}

interface Tried {
  readonly outcome: Outcome;
  readonly error?: unknown;
}

async function attempt(deps: SignallerDependencies, workflowId: string, items: readonly Item[]): Promise<Tried> {
  try {
    await deps.signal(workflowId, items);
    return { outcome: 'delivered' };
  } catch (error) {
    return { outcome: classify(error), error };
  }
}

async function burial(deps: SignallerDependencies, items: readonly Item[], refusal: Error): Promise<Tried> {
  try {
    for (const item of items) await deps.bury(item, refusal.message);
    return { outcome: 'buried' };
  } catch (error) {
    return { outcome: 'transient', error };
  }
}
