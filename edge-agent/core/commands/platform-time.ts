/**
 * The least that the platform's clock can say now, learnt from the commands it issued. It is held against the monotonic
 * clock, so that the agent's wall clock may be set forwards or backwards meanwhile: a box that starts in 1970 and is put
 * right by the network a minute later expires nothing by mistake, before or after.
 */
import { type Command } from '../../../schemas/generated';
import { type AgentTime } from './decide';

export class PlatformTime {
  /** Platform's time minus ours, monotonic, at least, ms. */
  private lead_ms = Number.NEGATIVE_INFINITY;

  /** A command came: it was issued before. */
  learn(command: Command, monotonic: number): void {
    this.lead_ms = Math.max(this.lead_ms, command.issued_at - monotonic);
  }

  at(now: number, monotonic: number): AgentTime {
    return { now, behind_ms: Math.max(0, this.lead_ms + monotonic - now) };
  }
}
