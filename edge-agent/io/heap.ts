/** V8 sizes its heap for a machine of its own; an agent shares a small box. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * How much the heap may grow beyond what was alive at the last full collection, %. V8 takes up to 300 on a machine with
 * gigabytes free, which makes an agent with 45 MB alive take 300 MB.
 */
const GROWTH_PERCENT = 30;

/** Full collections come while little has piled up. They mark beside the work, on other threads. */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}

/** Collects once: a profile of thousands of points leaves tens of megabytes of parsed text behind. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  setFlagsFromString('--no-expose-gc');
}
