/** Publishing from workflow code: a local activity, tried again for as long as it makes sense. */
import {
  ActivityFailure,
  ApplicationFailure,
  proxyLocalActivities,
  sleep,
  TemporalFailure,
} from '@temporalio/workflow';
import { now } from '../shared/clock';
import { type CommandRecords } from '../../services/domain/command';
import { type CommandActivities } from './activities';

/** The producer is patient by itself (some 20 s); this is for one that hangs. */
const ONE_TRY_MS = 60_000;
const FIRST_PAUSE_MS = 250;
/** Long enough for a history to outlast weeks without Kafka: some 15 events a try, at most 50,000 in all. */
const LONGEST_PAUSE_MS = 600_000;

/**
 * The pauses are the workflow's own timers: those of a local activity's retry policy do not keep to a deadline, and
 * keep a workflow task open meanwhile.
 */
const once = proxyLocalActivities<CommandActivities>({
  startToCloseTimeout: ONE_TRY_MS,
  retry: { maximumAttempts: 1 },
});

/** False when `deadline` passed first; nobody can tell then whether something was written. Throws what no retry can help. */
export async function publish(records: CommandRecords, deadline = Infinity): Promise<boolean> {
  for (let pause_ms = FIRST_PAUSE_MS; ; pause_ms = Math.min(LONGEST_PAUSE_MS, 2 * pause_ms)) {
    try {
      await once.publish(records);
      return true;
    } catch (error) {
      if (!helpedByWaiting(error)) throw error;
    }
    if (now() >= deadline) return false;
    await sleep(Math.max(1, Math.min(pause_ms, deadline - now())));
    if (now() >= deadline) return false;
  }
}

/** The failure of a local activity comes with or without the wrapping of an activity's failure. */
function helpedByWaiting(error: unknown): boolean {
  const failure = error instanceof ActivityFailure ? error.cause : error;
  if (failure instanceof ApplicationFailure) return !failure.nonRetryable;
  return failure instanceof TemporalFailure;
}
