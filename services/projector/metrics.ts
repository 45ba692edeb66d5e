import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { POISON_CODES } from '../domain/ingest/judge';

/** One partition's counters; labels are bound once. */
export interface PartitionMetrics {
  lag(messages: number): void;
  projected(batch: { messages: number; rows: number; bytes: number; freshness_ms: number }): void;
  inserted(seconds: number): void;
  replayed(outcome: 'repeated' | 'already-there'): void;
  refused(code: string): void;
  stopped(is: boolean): void;
}

export class ProjectorMetrics {
  private readonly lag: Gauge;
  private readonly rows: Counter;
  private readonly messages: Counter;
  private readonly bytes: Counter;
  private readonly batches: Counter;
  private readonly seconds: Histogram;
  private readonly freshness: Histogram;
  private readonly replays: Counter;
  private readonly poison: Counter;
  private readonly stopped: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    const counter = (name: string, help: string, labelNames: string[]): Counter =>
      new Counter({ name, help, labelNames, registers });
    const tp = ['topic', 'partition'];
    this.lag = new Gauge({
      ...{ name: 'millrace_consumer_lag', labelNames: tp, registers },
      help: 'Messages that may be read and are not in the tables yet',
    });
    this.rows = counter('millrace_projected_rows_total', 'Readings, or records of other topics, projected', ['topic']);
    this.messages = counter('millrace_projected_messages_total', 'Messages projected', ['topic']);
    this.bytes = counter('millrace_projected_bytes_total', 'Bytes of messages projected', ['topic']);
    this.batches = counter('millrace_projected_batches_total', 'Intents carried out', ['topic']);
    this.replays = counter('millrace_replays_total', 'Intents found pending at a start or rebalance', [
      'topic',
      'outcome',
    ]);
    this.poison = counter('millrace_poison_total', 'Messages that went to the dead letters', ['topic', 'code']);
    this.stopped = new Gauge({
      ...{ name: 'millrace_partition_stopped', labelNames: tp, registers },
      help: '1 while the partition waits for an operator’s decision',
    });
    this.seconds = new Histogram({
      ...{ name: 'millrace_insert_seconds', help: 'Time of one INSERT', labelNames: ['topic'], registers },
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    });
    this.freshness = new Histogram({
      ...{ name: 'millrace_freshness_seconds', labelNames: ['topic'], registers },
      help: 'From the stamp of a batch’s oldest message until the batch was visible',
      buckets: [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 15, 60, 300, 3600],
    });
  }

  of(topic: string, partition: number): PartitionMetrics {
    const lag = this.lag.labels(topic, String(partition));
    const stopped = this.stopped.labels(topic, String(partition));
    // Said before there is one: an increase from nothing to the first is none to Prometheus.
    for (const code of POISON_CODES) this.poison.labels(topic, code).inc(0);
    return {
      lag: (n) => lag.set(n),
      stopped: (is) => stopped.set(is ? 1 : 0),
      inserted: (s) => this.seconds.labels(topic).observe(s),
      replayed: (outcome) => this.replays.labels(topic, outcome).inc(),
      refused: (code) => this.poison.labels(topic, code).inc(),
      projected: (b) => {
        this.batches.labels(topic).inc();
        this.messages.labels(topic).inc(b.messages);
        this.rows.labels(topic).inc(b.rows);
        this.bytes.labels(topic).inc(b.bytes);
        if (b.messages > 0) this.freshness.labels(topic).observe(b.freshness_ms / 1000);
      },
    };
  }

  /** A partition that went to another instance is that one's to report. */
  forget(topic: string, partition: number): void {
    this.lag.remove(topic, String(partition));
    this.stopped.remove(topic, String(partition));
  }
}
