/** `agent outbox`: what a stopped agent's outbox holds and has accepted, for proof and for support. */
import { join } from 'node:path';
import { LANES } from '../io/outbox/outbox';
import { nodeFs } from '../io/outbox/fs';
import { startLane } from '../io/outbox/segments';
import { type Output } from './validate';

interface Accepted {
  /** Last sequence number assigned. */
  readonly seq: number;
  /** Readings accepted since the outbox was made. */
  readonly readings: number;
}

export interface OutboxContents {
  readonly lanes: Record<string, { readonly first: number; readonly next: number; readonly bytes: number }>;
  /** By device; `#priority` counts everything else. */
  readonly counters: Record<string, Accepted>;
}

/** Throws OutboxError `locked` while an agent has the outbox. */
export async function outboxContents(dataDir: string): Promise<OutboxContents> {
  const directory = join(dataDir, 'outbox');
  const unlock = await nodeFs.lock(join(directory, 'LOCK'));
  try {
    const contents: OutboxContents = { lanes: {}, counters: {} };
    for (const lane of LANES) {
      const start = await startLane(nodeFs, join(directory, lane), lane);
      const bytes = start.segments.reduce((sum, s) => sum + s.bytes, 0);
      contents.lanes[lane] = { first: start.segments[0]?.firstIndex ?? start.nextIndex, next: start.nextIndex, bytes };
      for (const [name, { seq, readings }] of start.counters) contents.counters[name] = { seq, readings };
    }
    return contents;
  } finally {
    await unlock();
  }
}

export async function outbox(dataDir: string, json: boolean, output: Output): Promise<number> {
  const contents = await outboxContents(dataDir);
  if (json) {
    output.out(JSON.stringify(contents));
    return 0;
  }
  for (const [lane, l] of Object.entries(contents.lanes))
    output.out(`${lane}: records ${l.first} to ${l.next}, ${l.bytes} bytes on disk`);
  for (const [name, a] of Object.entries(contents.counters))
    output.out(`${name}: last sequence number ${a.seq}, ${a.readings} readings accepted`);
  return 0;
}
