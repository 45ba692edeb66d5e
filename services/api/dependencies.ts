import { type Logger } from 'pino';
import { type CommandInput } from '../../workflows/command/messages';
import { type DecommissionInput } from '../../workflows/decommission/messages';
import { type CommandLog } from './command-log';
import { type Definitions } from './definitions';
import { type Directory } from './directory';
import { type Feed } from './feed';
import { type History } from './history';
import { type RateLimit } from './rate-limit';
import { type Registrar } from './registrar';

/** Starts durable work. Throws ApiError `unavailable` when the server of workflows cannot be reached. */
export interface Workflows {
  startCommand(input: CommandInput): Promise<void>;
  startDecommission(input: DecommissionInput): Promise<void>;
}

export interface ApiDependencies {
  readonly log: Logger;
  /** ms since 1970-01-01 UTC. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly token: string | undefined;
  readonly tenant: string;
  readonly registrar: Pick<Registrar, 'ask' | 'askAll' | 'define'>;
  readonly directory: Directory;
  readonly commands: CommandLog;
  readonly definitions: Definitions;
  readonly history: Pick<History, 'readings' | 'exportReadings' | 'lifecycle' | 'life' | 'command' | 'commandsOf'>;
  readonly feed: Feed;
  readonly rateLimit: RateLimit;
  readonly workflows: Workflows;
}
