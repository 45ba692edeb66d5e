/** What carries frames: a UDP tunnel, a serial converter, a log. One object for each time it is opened. */
import { type CanFrame } from './frame';

export interface LinkEvents {
  open(): void;
  frame(frame: CanFrame): void;
  /** Something that is no frame, or frames that did not arrive; told by the name of a counter. */
  count(name: LinkCounter, n: number): void;
  /** Once, also when it never opened. Not after close(). `over`: there is nothing more to come, ever. */
  closed(reason: Error, over?: boolean): void;
}

export const LINK_COUNTERS = ['malformed', 'lost_datagrams', 'bus_errors', 'strangers'] as const;
export type LinkCounter = (typeof LINK_COUNTERS)[number];

export type SendErrorKind = 'timeout' | 'closed' | 'refused';

export class SendError extends Error {
  constructor(
    readonly kind: SendErrorKind,
    message: string,
  ) {
    super(message);
    this.name = 'SendError';
  }
}

export interface Link {
  /** Resolves when the frame is out of our hands, and where the link answers, answered. Throws SendError. */
  send(frame: CanFrame, timeout_ms: number): Promise<void>;
  /** Stops and starts the source, where it can be held back; absent: what comes meanwhile is lost. */
  hold?(held: boolean): void;
  close(): Promise<void>;
}

export type OpenLink = (events: LinkEvents) => Link;
