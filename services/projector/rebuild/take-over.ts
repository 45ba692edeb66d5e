import { type Kafka } from 'kafkajs';
import { type Logger } from 'pino';
import { connection } from '../kafka/connection';
import { Membership, membershipConfig } from '../kafka/membership';
import { type Generation } from '../ports';
import { type Exclusive } from './rebuild';

/** Resolves when the group has given this process every partition of the topics. */
export async function takeOver(
  kafka: Kafka,
  group: string,
  topics: readonly string[],
  log: Logger,
): Promise<Exclusive> {
  const over = new AbortController();
  let membership: Membership | undefined;
  const generation = await new Promise<Generation>((resolve, reject) => {
    membership = new Membership(connection(kafka, membershipConfig(group), true), group, topics, {
      assigned: (g, assignment) => {
        if (topics.every((t) => (assignment[t]?.length ?? 0) > 0)) resolve(g);
      },
      failed: reject,
    });
    membership.start().catch(reject);
  });
  generation.signal.addEventListener('abort', () => over.abort(), { once: true });
  log.info({ group }, 'the partitions are ours');
  return { signal: over.signal, release: async () => membership?.stop() };
}
