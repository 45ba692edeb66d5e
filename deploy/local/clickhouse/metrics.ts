/** What /metrics tells, in Prometheus text. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type Lane } from './lanes';

const BUCKETS_S = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120];

export interface Watched {
  readonly lanes: Readonly<Record<string, Lane>>;
  readonly spool_bytes: () => number;
  readonly sessions: () => number;
  readonly discarded: () => number;
}

export class Metrics {
  readonly registry = new Registry();
  readonly queries = this.counter('queries_total', 'Queries ended, by kind and result', ['kind', 'result']);
  readonly errors = this.counter('errors_total', 'Queries refused or failed, by ClickHouse code', ['code']);
  readonly cancelled = this.counter('cancelled_total', 'Queries stopped because their client went away', []);
  readonly received = this.counter('received_bytes_total', 'Data of INSERTs, decompressed', []);
  readonly sent = this.counter('sent_bytes_total', 'Answers, before compression', []);
  readonly duration = new Histogram({
    name: 'millrace_clickhouse_query_seconds',
    help: 'Time from admission to the end, by kind',
    labelNames: ['kind'],
    buckets: BUCKETS_S,
    registers: [this.registry],
  });

  constructor(watched: Watched) {
    this.gauge('waiting', 'Requests waiting for a slot, by lane', watched.lanes, (lane) => lane.depth);
    this.gauge('running', 'Queries running, by lane', watched.lanes, (lane) => lane.busy);
    this.single('spool_bytes', 'INSERT data on disk', watched.spool_bytes);
    this.single('sessions', 'Sessions kept by session_id', watched.sessions);
    this.single('discarded_connections', 'Connections waiting to be closed', watched.discarded);
  }

  private counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name: `millrace_clickhouse_${name}`, help, labelNames, registers: [this.registry] });
  }

  private gauge<T>(name: string, help: string, of: Readonly<Record<string, T>>, value: (item: T) => number): void {
    new Gauge({
      name: `millrace_clickhouse_${name}`,
      help,
      labelNames: ['lane'],
      registers: [this.registry],
      collect() {
        for (const [lane, item] of Object.entries(of)) this.set({ lane }, value(item));
      },
    });
  }

  private single(name: string, help: string, value: () => number): void {
    new Gauge({
      name: `millrace_clickhouse_${name}`,
      help,
      registers: [this.registry],
      collect() {
        this.set(value());
      },
    });
  }
}
