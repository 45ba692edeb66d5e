/** Renews the certificate in time, while the agent works. Connections made from then on show the new one. */
import { renew } from './certify';
import { type IdentityFiles, renewAt } from './identity';

/** How often it is looked whether it is time, and tried again, ms. */
const LOOK_MS = 30_000;

export interface KeeperOptions {
  readonly files: IdentityFiles;
  /** ms since 1970-01-01 UTC. */
  readonly now: () => number;
  onRenewed(expires_at: number): void;
  onFailed(error: unknown): void;
}

export class IdentityKeeper {
  private looking = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: KeeperOptions) {}

  start(): void {
    this.timer = setInterval(() => void this.look(), LOOK_MS).unref();
    void this.look();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Renews when it is time. Never throws: a failure is told, and tried again at the next look. */
  async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    const { files, now, onRenewed, onFailed } = this.options;
    try {
      const facts = await files.load();
      if (facts && now() >= renewAt(facts)) onRenewed((await renew(files, now())).expires_at);
    } catch (error) {
      onFailed(error);
    } finally {
      this.looking = false;
    }
  }
}
