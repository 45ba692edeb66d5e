/** What keeps an agent alive: room on its disk, its clock, and the profile it works by. Read when somebody asks. */
import { statfs } from 'node:fs/promises';
import { Gauge, type Registry } from 'prom-client';
import { type ClockOffset } from './io/clock-offset';
import { type ProfileStatus } from './profile-keeper';

export interface Vitals {
  readonly dataDir: string;
  clockOffset(): ClockOffset | undefined;
  profile(): ProfileStatus | undefined;
}

/** Bytes an unprivileged process may still write in this folder. */
export async function diskFree(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

export function vitalMetrics(registry: Registry, vitals: Vitals): void {
  const registers = [registry];
  const disk = new Gauge({
    name: 'millrace_agent_disk_free_bytes',
    help: 'Room left on the disk of the outbox and the ledger',
    registers,
    async collect() {
      this.set(await diskFree(vitals.dataDir));
    },
  });
  const clock = new Gauge({
    name: 'millrace_agent_clock_offset_seconds',
    help: 'The platform’s clock minus the agent’s, good to about half a second; absent until the platform was reached',
    registers,
    collect() {
      this.reset();
      const offset = vitals.clockOffset();
      // A gauge without labels is 0 when it is reset, which would be a lie.
      if (offset) this.set(offset.offset_ms / 1_000);
      else this.remove();
    },
  });
  const profile = new Gauge({
    name: 'millrace_agent_profile_version',
    help: 'Version of the platform’s profile in force, 0 for the file; refused is 1 when the newest one is not in force',
    labelNames: ['source', 'refused'],
    registers,
    collect() {
      this.reset();
      const profile = vitals.profile();
      if (profile) this.set({ source: profile.source, refused: profile.refusal === '' ? '0' : '1' }, profile.version);
    },
  });
  for (const metric of [disk, clock, profile]) registry.registerMetric(metric);
}
