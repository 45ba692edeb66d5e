import { untraced } from '../../../schemas/tracing/tracer';
import { realClock } from '../clock';
import { wire, type Wiring } from '../wire';
import { type Heads } from './rebuild';

export interface ReplayOptions extends Omit<Wiring, 'adoptLedger' | 'bounds' | 'failed' | 'tracer'> {
  readonly since: (topic: string) => number;
}

const POLL_MS = 200;
const NEVER = new AbortController().signal;

/** A projector with an end: it returns when every partition has come as far as it should. */
export function replayer({ since, ...wiring }: ReplayOptions): (until: Heads) => Promise<void> {
  return async (until) => {
    let failure: Error | undefined;
    const bounds = { until: (topic: string, partition: number) => until.get(`${topic}:${partition}`) ?? 0, since };
    wiring.metrics.clear();
    const failed = (cause: Error): void => void (failure = cause);
    const wired = await wire({ ...wiring, bounds, tracer: untraced, adoptLedger: false, failed });
    try {
      while (!wired.projector.isDone()) {
        if (failure) throw failure;
        await realClock.sleep(POLL_MS, NEVER);
      }
    } finally {
      await wired.stop();
    }
  };
}
