/** What outbox, shipper, inbox and ledger count, read when somebody asks. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { type Clock } from './clock';
import { type Lane } from './outbox-api';
import { isOver } from '../core/commands/ledger';
import { type CommandLedger } from './commands/command-ledger';
import { type Inbox } from './inbox';
import { type OutboxEvent } from './outbox/disposal';
import { GAP_REASONS } from './outbox/gaps';
import { type DiskOutbox } from './outbox/outbox';
import { type Shipper, type ShipperState } from './shipper/shipper';

const LANES: readonly Lane[] = ['priority', 'telemetry'];
const STATES: readonly ShipperState[] = ['stopped', 'connecting', 'idle', 'shipping', 'backing-off', 'fenced'];

export interface DurableParts {
  readonly outbox: DiskOutbox;
  readonly shipper?: Shipper | undefined;
  readonly inbox?: Inbox | undefined;
  readonly ledger?: CommandLedger | undefined;
  readonly clock: Clock;
}

/** Registers everything; the returned function counts the outbox's events. */
export function durableMetrics(registry: Registry, parts: DurableParts): (event: OutboxEvent) => void {
  outboxMetrics(registry, parts);
  if (parts.shipper) shipperMetrics(registry, parts.shipper);
  commandMetrics(registry, parts);
  const registers = [registry];
  const dropped = new Counter({
    name: 'millrace_outbox_dropped_total',
    help: 'Readings accepted and given up, by reason; each has a gap on record',
    labelNames: ['reason'],
    registers,
  });
  // Said before there is one: an increase from nothing to the first is none to Prometheus.
  for (const reason of GAP_REASONS) dropped.inc({ reason }, 0);
  const events = new Counter({
    name: 'millrace_outbox_events_total',
    help: 'What the outbox had to report: torn-tail, empty-segment, damaged, gap',
    labelNames: ['kind'],
    registers,
  });
  return (event) => {
    events.inc({ kind: event.kind });
    if (event.kind === 'gap')
      dropped.inc(
        { reason: event.reason },
        event.missing.reduce((n, m) => n + m.readings, 0),
      );
  };
}

function outboxMetrics(registry: Registry, { outbox, shipper, clock }: DurableParts): void {
  const registers = [registry];
  const waiting = (lane: Lane): number => {
    const { first, next } = outbox.status(lane);
    const cursor = shipper?.status.cursors[lane];
    const ahead = cursor?.ranges.reduce((n, r) => n + r.to - r.from, 0) ?? 0;
    return next - Math.max(first, cursor?.next ?? 0) - ahead;
  };
  const depth = new Gauge({
    name: 'millrace_outbox_depth',
    help: 'Records that are durable here and not on the stream yet',
    labelNames: ['lane'],
    registers,
    collect() {
      for (const lane of LANES) this.set({ lane }, waiting(lane));
    },
  });
  const oldest = new Gauge({
    name: 'millrace_outbox_oldest_seconds',
    help: 'Age of the oldest record that is not on the stream yet, 0 when there is none',
    labelNames: ['lane'],
    registers,
    async collect() {
      for (const lane of LANES) {
        const at =
          waiting(lane) > 0 ? await outbox.appendedAt(lane, shipper?.status.cursors[lane].next ?? 0) : undefined;
        this.set({ lane }, at === undefined ? 0 : Math.max(0, clock.now() - at) / 1_000);
      }
    },
  });
  const bytes = new Gauge({
    name: 'millrace_outbox_bytes',
    help: 'Disk taken',
    labelNames: ['lane'],
    registers,
    collect() {
      for (const lane of LANES) this.set({ lane }, outbox.status(lane).bytes);
    },
  });
  const refusing = new Gauge({
    name: 'millrace_outbox_refusing',
    help: '1 when the last append was refused, by reason',
    labelNames: ['lane', 'code'],
    registers,
    collect() {
      this.reset();
      for (const lane of LANES) {
        const { error } = outbox.status(lane);
        if (error) this.set({ lane, code: error.code }, 1);
      }
    },
  });
  for (const metric of [depth, oldest, bytes, refusing]) registry.registerMetric(metric);
}

function shipperMetrics(registry: Registry, shipper: Shipper): void {
  const registers = [registry];
  const state = new Gauge({
    name: 'millrace_shipper_state',
    help: '1 for the present state',
    labelNames: ['state'],
    registers,
    collect() {
      for (const s of STATES) this.set({ state: s }, Number(shipper.status.state === s));
    },
  });
  const failing = new Gauge({
    name: 'millrace_shipper_failing',
    help: '1 for what keeps the shipper from shipping now: tls, not-authorized, transient, ...; nothing when all is well',
    labelNames: ['failure'],
    registers,
    collect() {
      this.reset();
      const { failure } = shipper.status;
      if (failure) this.set({ failure }, 1);
    },
  });
  const counted = new Gauge({
    name: 'millrace_shipper',
    help: 'Since start: transactions, failures, dead_letters, readings, bytes (values, uncompressed)',
    labelNames: ['what'],
    registers,
    collect() {
      const { transactions, failures, deadLetters, readings, bytes } = shipper.status;
      for (const [what, n] of Object.entries({ transactions, failures, dead_letters: deadLetters, readings, bytes }))
        this.set({ what }, n);
    },
  });
  const shipped = new Gauge({
    name: 'millrace_shipped_total',
    help: 'Records on the stream since start',
    labelNames: ['lane'],
    registers,
    collect() {
      for (const lane of LANES) this.set({ lane }, shipper.status.records[lane]);
    },
  });
  for (const metric of [state, failing, counted, shipped]) registry.registerMetric(metric);
}

function commandMetrics(registry: Registry, { inbox, ledger }: DurableParts): void {
  const registers = [registry];
  const commands = new Gauge({
    name: 'millrace_agent_commands',
    help: 'connected to the inbox, received and unreadable since start, remembered and open in the ledger',
    labelNames: ['what'],
    registers,
    collect() {
      if (inbox) {
        const { connected, commands: received, unreadable } = inbox.status;
        for (const [what, n] of Object.entries({ connected: Number(connected), received, unreadable }))
          this.set({ what }, n);
      }
      if (!ledger) return;
      const entries = [...ledger.state.entries.values()];
      this.set({ what: 'remembered' }, entries.length);
      this.set({ what: 'open' }, entries.filter((e) => !isOver(e)).length);
    },
  });
  registry.registerMetric(commands);
}
