/**
 * How far the agent's clock is from the platform's, by the Date header of the schema registry: good to half a second and
 * half the way there and back, which tells a clock that is minutes off from one that is well.
 */
import { registryHeaders, type StreamConfig } from '../../schemas/stream-config';
import { type Clock } from './clock';

export interface ClockOffset {
  /** The platform's clock minus the agent's, ms. */
  readonly offset_ms: number;
  /** The truth is this near, ms. */
  readonly within_ms: number;
}

const EVERY_MS = 10 * 60_000;
const TIMEOUT_MS = 5_000;
/** The header counts whole seconds: on average half of one has passed. */
const HALF_SECOND_MS = 500;

export class ClockOffsetProbe {
  /** Undefined until the platform was reached; the last one known while it is away. */
  latest: ClockOffset | undefined;
  private readonly stopSignal = new AbortController();

  constructor(
    private readonly registry: Pick<StreamConfig, 'registryUrl' | 'registryLogin'>,
    private readonly clock: Clock,
  ) {}

  start(): void {
    void this.run();
  }

  stop(): void {
    this.stopSignal.abort();
  }

  /** Undefined when the platform cannot be reached or does not tell the time. */
  async measure(): Promise<ClockOffset | undefined> {
    const [from, begun] = [this.clock.now(), this.clock.monotonic()];
    // A registry that wants a password may tell strangers no time either.
    const question = { headers: registryHeaders(this.registry), signal: AbortSignal.timeout(TIMEOUT_MS) };
    const answer = await fetch(this.registry.registryUrl, question).catch(() => undefined);
    const took_ms = this.clock.monotonic() - begun;
    await answer?.body?.cancel();
    const theirs = Date.parse(answer?.headers.get('date') ?? '');
    if (Number.isNaN(theirs)) return undefined;
    const offset_ms = Math.round(theirs + HALF_SECOND_MS - (from + took_ms / 2));
    return { offset_ms, within_ms: Math.round(HALF_SECOND_MS + took_ms / 2) };
  }

  private async run(): Promise<void> {
    while (!this.stopSignal.signal.aborted) {
      this.latest = (await this.measure()) ?? this.latest;
      await this.clock.sleep(EVERY_MS, this.stopSignal.signal);
    }
  }
}
