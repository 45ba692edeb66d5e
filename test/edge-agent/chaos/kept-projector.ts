/** A projector that is started again when it ends by itself, as the launcher and Kubernetes do. */
import { type Bed } from '../../services/projector/support/bed';
import { type ServiceProcess } from '../../services/service-process';

const LOOK_MS = 500;
const LAST_WORDS = 400;

export class KeptProjector {
  private readonly timer: NodeJS.Timeout;
  private starting: Promise<void> | undefined;

  private constructor(
    private readonly bed: Bed,
    private process: ServiceProcess,
    private readonly report: (line: string) => void,
  ) {
    this.timer = setInterval(() => this.look(), LOOK_MS);
  }

  static async start(bed: Bed, report: (line: string) => void): Promise<KeptProjector> {
    return new KeptProjector(bed, await bed.projector(), report);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.starting;
    await this.process.stop();
  }

  private look(): void {
    if (this.process.alive || this.starting) return;
    this.report(`the projector ended and is started again: ${this.process.log().slice(-LAST_WORDS)}`);
    this.starting = this.bed
      .launchProjector()
      .then((process) => void (this.process = process))
      .finally(() => (this.starting = undefined));
  }
}
