/**
 * A fetch whose records are left as bytes: kafkajs sends the request and takes the answer apart as far as the partitions,
 * what lies in them is read by record-batch.ts (deploy/decisions/0311).
 */
import { type Broker } from 'kafkajs';
import Decoder from 'kafkajs/src/protocol/decoder';
import { createErrorFromCode } from 'kafkajs/src/protocol/error';
import { protocol } from 'kafkajs/src/protocol/requests/fetch';
import { type Aborted } from './record-batch';

/** Fetch of KIP-392; every broker since Kafka 2.3 knows it. */
const VERSION = 11;
const READ_COMMITTED = 1;
const NO_ERROR = 0;

export interface Wanted {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
}

export interface Limits {
  readonly maxWait_ms: number;
  readonly maxBytes: number;
  readonly maxBytesPerPartition: number;
}

export interface Fetched {
  readonly topic: string;
  readonly partition: number;
  /** The broker's refusal of this partition. */
  readonly error: Error | undefined;
  /** End of what may be read now. */
  readonly high: number;
  readonly aborted: readonly Aborted[];
  /** Record batches, the last of them cut short perhaps. */
  readonly records: Buffer;
}

/** What a broker of kafkajs is behind its public face. */
interface Requester {
  readonly connectionPool?: { send(request: object): Promise<{ readonly fetched: readonly Fetched[] }> };
  disconnect(): Promise<void>;
}

/** Asks for the partitions in this order: the broker fills its answer in it. Waits for data as long as `limits` says. */
export async function fetchFrom(
  broker: Broker,
  wanted: readonly Wanted[],
  limits: Limits,
): Promise<readonly Fetched[]> {
  const { connectionPool, disconnect } = broker as unknown as Requester;
  if (!connectionPool) throw new TypeError('kafkajs no longer keeps its connections where it did');
  try {
    const { request, requestTimeout } = protocol({ version: VERSION })(requestOf(wanted, limits));
    return (await connectionPool.send({ request, requestTimeout, response: { decode, parse: (x: object) => x } }))
      .fetched;
  } catch (e) {
    if ((e as Error).name === 'KafkaJSConnectionClosedError') await disconnect.call(broker);
    throw e;
  }
}

function requestOf(wanted: readonly Wanted[], { maxWait_ms, maxBytes, maxBytesPerPartition }: Limits): object {
  const topics = new Map<string, { partition: number; fetchOffset: string; maxBytes: number }[]>();
  for (const { topic, partition, from } of wanted) {
    const partitions = topics.get(topic) ?? [];
    partitions.push({ partition, fetchOffset: String(from), maxBytes: maxBytesPerPartition });
    topics.set(topic, partitions);
  }
  return {
    ...{ isolationLevel: READ_COMMITTED, maxWaitTime: maxWait_ms, minBytes: 1, maxBytes, rackId: '' },
    topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
  };
}

/** Fetch Response (Version: 11), https://kafka.apache.org/protocol.html#The_Messages_Fetch */
function decode(bytes: Buffer): Promise<object> {
  const decoder = new Decoder(bytes);
  const clientSideThrottleTime = decoder.readInt32();
  const errorCode = decoder.readInt16();
  decoder.readInt32(); // session
  if (errorCode !== NO_ERROR) return Promise.reject(createErrorFromCode(errorCode));
  const fetched = decoder.readArray((d) => {
    const topic = d.readString();
    return d.readArray((p) => partitionOf(topic, p));
  });
  return Promise.resolve({ clientSideThrottleTime, fetched: fetched.flat() });
}

function partitionOf(topic: string, d: Decoder): Fetched {
  const partition = d.readInt32();
  const errorCode = d.readInt16();
  d.readInt64(); // high watermark: what is above the last stable offset is not committed
  const high = Number(d.readInt64());
  d.readInt64(); // start of the log
  const aborted = d.readArray((a) => ({
    producerId: BigInt(a.readInt64().toString()),
    firstOffset: Number(a.readInt64()),
  }));
  d.readInt32(); // preferred replica
  const records = d.readBytes() ?? Buffer.alloc(0);
  return {
    topic,
    partition,
    error: errorCode === NO_ERROR ? undefined : createErrorFromCode(errorCode),
    high,
    aborted,
    records,
  };
}
