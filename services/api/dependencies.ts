import { type Logger } from 'pino';
import {
  type ApproveRequest,
  type CancelAnswer,
  type CancelRequest,
  type CommandInput,
} from '../../workflows/command/messages';
import { type CampaignState } from '../domain/campaign';
import { type CampaignInput, type OrderRequest } from '../../workflows/campaign/messages';
import { type BatchReport } from '../domain/batch';
import { type BatchInput, type BatchSummary } from '../../workflows/batch/messages';
import { type Tracer } from '../../schemas/tracing/tracer';
import { type ImageStore } from './image-store';
import { type Schedules } from './schedules';
import {
  type AbandonRequest,
  type Decision,
  type DecommissionInput,
  type DecommissionProgress,
  type DecommissionSummary,
} from '../../workflows/decommission/messages';
import { type AgentProfiles } from './agent-profiles';
import { type ApiKeys } from './api-keys';
import { type Recorder } from './audit-log';
import { type Authenticator, type PeerAuthenticator } from './authentication';
import { type CommandLog } from './command-log';
import { type Replayer, type SchemaOf } from './dead-letters';
import { type Definitions } from './definitions';
import { type Directory } from './directory';
import { type Feed } from './feed';
import { type History } from './history';
import { type Identities } from './identity/identities';
import { type EmbeddedIssuer } from './issuer';
import { type Overview } from './overview';
import { type Probes } from './probes';
import { type Pseudonyms } from './pseudonyms';
import { type RateLimit } from './rate-limit';
import { type Registrar } from './registrar';
import { type StreamHealth } from './stream-health';
import { type Webhooks } from './webhooks/book';

/** Starts durable work. Throws ApiError `unavailable` when the server of workflows cannot be reached. */
export interface Workflows {
  startCommand(input: CommandInput): Promise<void>;
  /** Resolves when it is known whether it came in time, at most after CANCEL_WAIT_MS: then undefined. */
  cancelCommand(
    tenant: string,
    commandId: string,
    request: CancelRequest,
    input?: CommandInput,
  ): Promise<CancelAnswer | undefined>;
  /** Throws ApiError `not-approved` with the reason when the command cannot be approved by this person, or now. */
  approveCommand(tenant: string, commandId: string, request: ApproveRequest): Promise<void>;
  /** Newest first, those that run and those the server still knows of. */
  batches(tenant: string, limit: number): Promise<readonly BatchSummary[]>;
  startBatch(batchId: string, input: BatchInput): Promise<void>;
  /** Undefined when there is no such batch. */
  batch(tenant: string, batchId: string): Promise<BatchReport | undefined>;
  /** False when there is none, or it is over. */
  stopBatch(tenant: string, batchId: string, request: CancelRequest): Promise<boolean>;
  startCampaign(input: CampaignInput): Promise<void>;
  /** Undefined when there is no such campaign. */
  campaign(tenant: string, campaignId: string): Promise<CampaignState | undefined>;
  /** Throws ApiError `refused` with the reason when it takes no such order now. */
  orderCampaign(tenant: string, campaignId: string, request: OrderRequest): Promise<CampaignState>;
  startDecommission(input: DecommissionInput): Promise<void>;
  /** Ids of a device's commands whose workflows run, as far as the server has listed them by now. */
  commandsInFlight(tenant: string, deviceId: string): Promise<readonly string[]>;
  /** Those that run and those that failed. */
  decommissions(tenant: string, limit: number): Promise<readonly DecommissionSummary[]>;
  /** The last one of the device; undefined when there was none, or the server has forgotten it. */
  decommission(tenant: string, deviceId: string): Promise<DecommissionProgress | undefined>;
  /** Throws ApiError `refused` with the reason when that is not to be decided now. */
  decideDecommission(
    tenant: string,
    deviceId: string,
    request: AbandonRequest & { readonly decision: Decision },
  ): Promise<DecommissionProgress>;
}

export interface ApiDependencies {
  readonly log: Logger;
  /** Absent: nothing is traced. */
  readonly tracer?: Tracer;
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
  /** Who comes through the listener with mutual TLS. */
  readonly peers?: PeerAuthenticator;
  readonly recorder: Recorder;
  readonly webhooks: Webhooks;
  readonly pseudonyms: Pick<Pseudonyms, 'register' | 'known' | 'erase'>;
  readonly registrar: Pick<Registrar, 'ask' | 'askMany' | 'define'>;
  readonly directory: Directory;
  readonly commands: CommandLog;
  readonly definitions: Definitions;
  readonly history: Pick<
    History,
    'readings' | 'exportReadings' | 'lifecycle' | 'life' | 'command' | 'commandsOf' | 'audit'
  >;
  readonly overview: Pick<
    Overview,
    'values' | 'alarms' | 'alarmJournal' | 'positions' | 'commands' | 'campaigns' | 'deadLetters' | 'deadLetter'
  >;
  readonly health: StreamHealth;
  readonly replay: Replayer;
  readonly schemaOf: SchemaOf;
  readonly profiles: AgentProfiles;
  readonly probes: Pick<Probes, 'ask'>;
  /** Where people look at workflows; absent: nowhere that the API knows of. */
  readonly workflowsUrl?: string;
  readonly feed: Feed;
  readonly rateLimit: RateLimit;
  readonly workflows: Workflows;
  readonly schedules: Schedules;
  readonly images: Pick<ImageStore, 'put' | 'find'>;
  /** Commands that a second person must approve: `model`, or `model/command`. */
  readonly approvals: ReadonlySet<string>;
}
