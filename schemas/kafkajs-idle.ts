/**
 * kafkajs 2.2 looks a thousand times a second, on every connection and for as long as it lives, whether a request waits for its
 * turn: the timer it sets for that while a broker throttles it is set without one, too, to a time long past. Here it is set only while
 * a request waits (deploy/decisions/0489).
 */
import RequestQueue from 'kafkajs/src/network/requestQueue';
import { sendingTime } from './clock';

/** Of a request that waits for another one's answer, which sends it by itself: only to be sure, ms. */
const LOOK_MS = 10;

let mended = false;

/** Of the whole process: every connection has a queue of the one class. */
export function restWhenIdle(): void {
  if (mended) return;
  mended = true;
  const { prototype } = RequestQueue;
  if (!Object.hasOwn(prototype, 'scheduleCheckPendingRequests'))
    throw new TypeError('kafkajs no longer looks after waiting requests where it did');
  prototype.scheduleCheckPendingRequests = function () {
    if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
    const throttled_ms = this.throttledUntil - sendingTime();
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null;
        this.checkPendingRequests();
      },
      throttled_ms > 0 ? throttled_ms : LOOK_MS,
    );
  };
}
