import { createRequire } from 'node:module';
import { type Command } from 'commander';
import { type Context } from './context';

/** Loads a command's module, named relative to this file, when it is asked for: `--help` must not pay for Kafka's client. */
export const load = createRequire(__filename);

/** A verb's work; resolves with the exit code. */
export type Action = (context: Context) => Promise<number>;

/** How verbs are attached: the action's exit code becomes the program's. */
export interface Verbs {
  readonly program: Command;
  readonly run: (action: Action) => Promise<void>;
}
