import { setTimeout as sleep } from 'node:timers/promises';
import { type AdapterSink, type LinkEvent, type Sample } from '../../../edge-agent/adapter';

/** The agent's side of the seam: keeps what it is told, and gives or withholds leave. */
export class Observer implements AdapterSink {
  readonly taken: Sample[] = [];
  readonly links: LinkEvent[] = [];
  readonly unacked: (() => void)[] = [];
  /** Acknowledge at once; otherwise `unacked` collects. */
  acknowledge = true;
  private gate: Promise<void> = Promise.resolve();
  private open: () => void = () => undefined;

  samples(batch: { samples: readonly Sample[]; ack(): void }): void {
    this.taken.push(...batch.samples);
    if (this.acknowledge) batch.ack();
    else this.unacked.push(() => batch.ack());
  }

  link(event: LinkEvent): void {
    this.links.push(event);
  }

  ready(): Promise<void> {
    return this.gate;
  }

  withholdLeave(): void {
    this.gate = new Promise((resolve) => (this.open = resolve));
  }

  giveLeave(): void {
    this.open();
    this.gate = Promise.resolve();
  }

  good(device: string): Sample[] {
    return this.taken.filter((s) => s.device === device && s.quality === 0 && s.value !== undefined);
  }

  bad(device: string): Sample[] {
    return this.taken.filter((s) => s.device === device && s.quality >= 64);
  }

  forget(): void {
    this.taken.length = 0;
    this.links.length = 0;
  }
}

const POLL_MS = 10;
const PATIENCE_MS = 5_000;
/** Of what is expected not to come: a stale waiver shows on most runs, and nobody waits for the others. */
const LITTLE_PATIENCE_MS = 1_000;
let patience_ms = PATIENCE_MS;

export async function impatiently(work: () => Promise<void>): Promise<void> {
  patience_ms = LITTLE_PATIENCE_MS;
  try {
    await work();
  } finally {
    patience_ms = PATIENCE_MS;
  }
}

/** Resolves when the condition holds; rejects naming it when it does not in time. */
export async function until(what: string, condition: () => boolean, within_ms = patience_ms): Promise<void> {
  const end = performance.now() + within_ms;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${within_ms} ms: ${what}`);
    await sleep(POLL_MS);
  }
}
