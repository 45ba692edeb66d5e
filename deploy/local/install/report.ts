import { type InstallableName } from './lock-file';

/** What happens to one of the wanted components; `index` counts from 1. */
export interface InstallEvent {
  readonly kind: 'started' | 'installed' | 'present';
  readonly component: InstallableName;
  readonly title: string;
  readonly version: string;
  readonly index: number;
  readonly total: number;
  /** Of the download for `started` (0: nothing is fetched), on disk otherwise. */
  readonly bytes: number;
  readonly elapsed_ms: number;
}

export type Report = (event: InstallEvent) => void;

/** `[2/3] Apache Kafka 4.3.1 … 44 MB, 6 s`. One line each, the same on a terminal and in a file; no colour. */
export function lineOf(event: InstallEvent): string {
  const name = `[${event.index}/${event.total}] ${event.title} ${event.version}`;
  const size = `${Math.round(event.bytes / 1e6)} MB`;
  if (event.kind === 'started' && event.bytes === 0) return `${name}: preparing (once)`;
  if (event.kind === 'started') return `${name}: fetching ${size} (once; kept in .millrace)`;
  if (event.kind === 'present') return `${name} … already here`;
  return `${name} … ${size}, ${Math.max(1, Math.round(event.elapsed_ms / 1000))} s`;
}

export function lineReporter(stream: { write(text: string): unknown }): Report {
  return (event) => {
    stream.write(`${lineOf(event)}\n`);
  };
}
