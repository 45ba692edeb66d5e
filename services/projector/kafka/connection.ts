/**
 * kafkajs without its own fetching and committing. Its consumer joins the group, heartbeats and is told its partitions;
 * what to read and what to commit, and in whose name, is said here in full (deploy/decisions/0301).
 */
import { type Broker, type Cluster, type Consumer, type ConsumerConfig, type Kafka } from 'kafkajs';
import { assigner } from './assigner';

export interface Connection {
  readonly consumer: Consumer;
  /** The connections of that consumer, and of nobody else. */
  readonly cluster: Cluster;
}

/**
 * A consumer and the cluster it talks through: kafkajs hands it to the function that assigns partitions.
 * @param exclusive asks the group for all partitions
 */
export function connection(kafka: Kafka, config: ConsumerConfig, exclusive = false): Connection {
  let cluster: Cluster | undefined;
  const consumer = kafka.consumer({
    ...config,
    partitionAssigners: [
      (given) => {
        cluster = given.cluster;
        return assigner(given.cluster, exclusive);
      },
    ],
  });
  if (!cluster) throw new TypeError('kafkajs no longer hands the cluster to assigners');
  return { consumer, cluster };
}

/** Type of a broker's refusal, such as ILLEGAL_GENERATION; undefined when no answer came. */
export function refusalOf(e: unknown): string | undefined {
  return (e as { type?: string }).type;
}

/** The group's coordinator, looked up again after every failure. */
export class Coordinator {
  private broker: Promise<Broker> | undefined;

  constructor(
    private readonly cluster: Cluster,
    readonly groupId: string,
  ) {}

  /** Whether it can be reached, whatever it says. */
  async answers(): Promise<boolean> {
    try {
      await this.ask((broker) => broker.offsetFetch({ groupId: this.groupId, topics: [] }));
      return true;
    } catch (e) {
      return refusalOf(e) !== undefined;
    }
  }

  async ask<T>(request: (broker: Broker) => Promise<T>): Promise<T> {
    this.broker ??= this.cluster.findGroupCoordinator({ groupId: this.groupId });
    const asked = this.broker;
    try {
      const broker = await asked;
      if (!broker.isConnected()) await broker.connect();
      return await request(broker);
    } catch (e) {
      if (this.broker === asked) this.broker = undefined;
      throw e;
    }
  }
}
