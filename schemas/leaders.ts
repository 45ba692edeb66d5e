/** Waiting for partitions to have a leader, which kafkajs does not. */
import { type Admin } from 'kafkajs';

const ATTEMPTS = 120;
const RETRY_MS = 250;

/** A partition has no leader, or not yet. */
export class LeaderMissing extends Error {
  readonly retriable = true;
  readonly operation = 'ask for the leader';
  readonly hint = 'are enough brokers up?';

  constructor(readonly topic: string) {
    super(`a partition of ${topic} has no leader`);
    this.name = 'LeaderMissing';
  }
}

/** Resolves when every partition of the topics has a leader: one just made is for a moment unknown. */
export async function leadersOf(admin: Admin, topics: readonly string[]): Promise<void> {
  await withLeader(async () => {
    const { topics: found } = await admin.fetchTopicMetadata({ topics: [...topics] });
    const waiting = found.find((t) => t.partitions.some((p) => p.leader < 0));
    if (waiting) throw new LeaderMissing(waiting.name);
  });
}

/** Asks again, for half a minute, while a partition has no leader; also right after a broker's start they have none. */
export async function withLeader<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++)
    try {
      return await ask();
    } catch (error) {
      if ((error as { retriable?: boolean }).retriable !== true || attempt === ATTEMPTS) throw error;
      await new Promise((r) => setTimeout(r, RETRY_MS));
    }
}
