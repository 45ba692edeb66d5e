/**
 * Whether membership has died quietly, pure: the coordinator answers, and still the group has heard nothing from us.
 * kafkajs's consumer was seen to stay so for minutes after a broker's second death (deploy/decisions/0309).
 */

/** Without a heartbeat for so long the group has long given our partitions away, or would have. */
export const DEAF_MS = 30_000;
/** A consumer that is only late joins again within its rebalance timeout, once the coordinator answers. */
export const PATIENCE_MS = 30_000;

export class Deafness {
  private answered_at: number | undefined;

  constructor(private heard_at: number) {}

  /** The group and we have spoken. */
  heard(now: number): void {
    this.heard_at = now;
    this.answered_at = undefined;
  }

  /** Whether it is worth asking the coordinator. */
  suspects(now: number): boolean {
    return now - this.heard_at >= DEAF_MS;
  }

  /** What came of asking. True: only a new process helps. */
  asked(answers: boolean, now: number): boolean {
    if (!answers || !this.suspects(now)) {
      this.answered_at = undefined;
      return false;
    }
    this.answered_at ??= now;
    return now - this.answered_at >= PATIENCE_MS;
  }
}
