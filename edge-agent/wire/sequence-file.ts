/** Sequence numbers taken, on disk: written after the readings are durable and before the device is told so. */
import { open, rename } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { type Range, Sequence } from './sequence';

type Stored = Readonly<Record<string, { readonly ranges: readonly Range[]; readonly floor: number }>>;

export class SequenceFile {
  private readonly devices = new Map<string, Sequence>();
  private writing: Promise<void> = Promise.resolve();
  private next: Promise<void> | undefined;

  /** Without a file nothing outlives the process: a dry run. Throws when the file is there and cannot be read. */
  constructor(private readonly file: string | undefined) {
    if (file === undefined || !existsSync(file)) return;
    const stored = JSON.parse(readFileSync(file, 'utf8')) as Stored;
    for (const [device, { ranges, floor }] of Object.entries(stored))
      this.devices.set(device, new Sequence(ranges, floor));
  }

  of(device: string): Sequence {
    let sequence = this.devices.get(device);
    if (!sequence) this.devices.set(device, (sequence = new Sequence()));
    return sequence;
  }

  /** Resolves when what was added so far is on disk; many callers share one write. */
  flush(): Promise<void> {
    // A write that failed failed for who waited for it; the next one has all of it to say again.
    this.next ??= this.writing
      .catch(() => undefined)
      .then(() => {
        this.next = undefined;
        this.writing = this.write();
        return this.writing;
      });
    return this.next;
  }

  /** Resolves when no write is under way or waits, whatever became of it. */
  async settled(): Promise<void> {
    await (this.next ?? this.writing).catch(() => undefined);
  }

  private async write(): Promise<void> {
    if (this.file === undefined) return;
    const text = JSON.stringify(Object.fromEntries([...this.devices].map(([id, s]) => [id, s.snapshot()])));
    const handle = await open(`${this.file}.new`, 'w');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(`${this.file}.new`, this.file);
  }
}
