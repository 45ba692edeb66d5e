import { type CommandEvent } from '../../schemas/generated';
import { type CommandInput } from '../domain/command';

/** A record as it came. */
export interface Source {
  readonly partition: number;
  readonly offset: string;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer;
  /** The trace it belongs to (W3C). */
  readonly traceparent?: string | undefined;
}

/** An event on its way to the workflow it concerns. */
export interface Item {
  readonly workflowId: string;
  readonly event: CommandEvent;
  /** The workflow starts with this, should it not be there: the event is the `issued` of a command. */
  readonly start?: CommandInput | undefined;
  /** The workflow waits for this: it ends with it. Other events may wait a moment for company. */
  readonly urgent: boolean;
  readonly source: Source;
  /** Called once, when the workflow has it or never will. */
  readonly done: () => void;
}
