import { type Logger } from 'pino';
import { type CommandInput } from '../../workflows/command/messages';
import { type DecommissionInput } from '../../workflows/decommission/messages';
import { type ApiKeys } from './api-keys';
import { type Recorder } from './audit-log';
import { type Authenticator } from './authentication';
import { type CommandLog } from './command-log';
import { type Directory } from './directory';
import { type Feed } from './feed';
import { type History } from './history';
import { type Identities } from './identity/identities';
import { type EmbeddedIssuer } from './issuer';
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
  /** 256 random bits, base64url. */
  readonly newSecret: () => string;
  /** The installation's own; undefined: whoever comes may do everything. */
  readonly token: string | undefined;
  /** The installation's own, in which its token acts. */
  readonly tenant: string;
  readonly keys: ApiKeys;
  readonly tokens: Authenticator;
  readonly issuer?: EmbeddedIssuer;
  /** Absent: this API certifies nobody. */
  readonly identities?: Identities;
  /** Further kinds of credentials. */
  readonly holders?: readonly Authenticator[];
  readonly recorder: Recorder;
  readonly registrar: Pick<Registrar, 'ask'>;
  readonly directory: Directory;
  readonly commands: CommandLog;
  readonly history: Pick<History, 'readings' | 'lifecycle' | 'command' | 'commandsOf' | 'audit'>;
  readonly feed: Feed;
  readonly workflows: Workflows;
}
