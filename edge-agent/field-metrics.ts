/** What the field side counts, read when somebody asks. */
import { Gauge, type Registry } from 'prom-client';
import { type RunningAdapter } from './adapters';
import { type LocalControl } from './io/control/control';
import { type Pipeline } from './pipeline';

export function fieldMetrics(registry: Registry, adapters: () => readonly RunningAdapter[], pipeline: Pipeline): void {
  const registers = [registry];
  const connection = new Gauge({
    name: 'millrace_agent_connection',
    help: 'Of a connection: connected, requests, timeouts, exceptions, bad_frames, crc_errors, late, reconnects, in_flight, in_flight_allowed, waiting, line_load',
    labelNames: ['connection', 'what'],
    registers,
    collect() {
      this.reset();
      for (const { connection: name, connected, counters } of adapters().map((a) => a.status())) {
        this.set({ connection: name, what: 'connected' }, Number(connected));
        for (const [what, n] of Object.entries(counters)) this.set({ connection: name, what }, n);
      }
    },
  });
  const device = new Gauge({
    name: 'millrace_agent_device',
    help: 'Per device: connected, scan_asked_ms, scan_achieved_ms (of the slowest read), scans_missed',
    labelNames: ['device', 'what'],
    registers,
    collect() {
      this.reset();
      for (const d of adapters().flatMap((a) => a.status().devices)) {
        this.set({ device: d.id, what: 'connected' }, Number(d.connected));
        this.set({ device: d.id, what: 'scan_asked_ms' }, d.scan_asked_ms);
        this.set({ device: d.id, what: 'scan_achieved_ms' }, d.scan_achieved_ms);
        this.set({ device: d.id, what: 'scans_missed' }, d.scans_missed);
      }
    },
  });
  const counts = new Gauge({
    name: 'millrace_agent_pipeline',
    help: 'Samples taken, bad, suppressed by report by exception, unknown; frames and readings handed on; unsynced; append_failures',
    labelNames: ['what'],
    registers,
    collect() {
      for (const [what, n] of Object.entries(pipeline.stats)) this.set({ what }, n);
      this.set({ what: 'unsynced' }, pipeline.durable.unsynced);
      this.set({ what: 'append_failures' }, pipeline.durable.failures);
    },
  });
  for (const metric of [connection, device, counts]) registry.registerMetric(metric);
}

export function controlMetrics(registry: Registry, control: () => LocalControl): void {
  const counts = new Gauge({
    name: 'millrace_agent_control',
    help: 'Local control: evaluations, firings, writes, write_failures',
    labelNames: ['what'],
    registers: [registry],
    collect() {
      for (const [what, n] of Object.entries(control().stats)) this.set({ what }, n);
    },
  });
  registry.registerMetric(counts);
}
