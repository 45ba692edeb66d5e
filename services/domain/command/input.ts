/** What a command asks for, of whom, until when. */
import { type CommandOptions } from './options';

export interface CommandInput {
  readonly command_id: string;
  readonly tenant: string;
  readonly device_id: string;
  readonly agent_id: string;
  /** A command of the device's profile, or a platform order starting with `millrace.` */
  readonly name: string;
  /** JSON object of arguments by name, in engineering units. */
  readonly args: string;
  readonly qos: 0 | 1 | 2;
  /** ms since 1970-01-01 UTC. */
  readonly issued_at: number;
  /** ms since 1970-01-01 UTC: issued_at + timeout, from MIN_TIMEOUT_MS to MAX_TIMEOUT_MS later. */
  readonly deadline: number;
  readonly actor: string;
  readonly options?: CommandOptions;
  /** A second person must approve it before it is sent. */
  readonly needs_approval?: boolean;
  /** The trace it belongs to (W3C); absent when it is not told of. */
  readonly traceparent?: string;
  /** Whoever started it sends the order, too; the workflow does so only when nothing was heard of it by `callerSendsFor_ms`. */
  readonly sent_by_caller?: boolean;
  /** `issued` is on the log: the workflow was started from it. */
  readonly recorded?: boolean;
}
