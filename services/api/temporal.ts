/** Starts workflows. The connection is made when it is first needed and is made again after the server was away. */
import { Client, Connection, isGrpcServiceError } from '@temporalio/client';
import { COMMAND_WORKFLOW, commandStartOptions } from '../../workflows/command/messages';
import { DECOMMISSION_WORKFLOW, decommissionStartOptions } from '../../workflows/decommission/messages';
import { ensureSearchAttributes } from '../../workflows/shared/messages';
import { type Workflows } from './dependencies';
import { ApiError } from './problem';

export interface TemporalConfig {
  readonly address: string;
  readonly namespace: string;
}

const CONNECT_TIMEOUT_MS = 5_000;

export class TemporalWorkflows implements Workflows {
  private client: Promise<Client> | undefined;

  constructor(private readonly config: TemporalConfig) {}

  async startCommand(input: Parameters<typeof commandStartOptions>[0]): Promise<void> {
    await this.call((client) => client.workflow.start(COMMAND_WORKFLOW, commandStartOptions(input)));
  }

  async startDecommission(input: Parameters<typeof decommissionStartOptions>[0]): Promise<void> {
    await this.call((client) => client.workflow.start(DECOMMISSION_WORKFLOW, decommissionStartOptions(input)));
  }

  async close(): Promise<void> {
    const client = await this.client?.catch(() => undefined);
    await client?.connection.close();
  }

  /** A command that has ended is not started again: the same Idempotency-Key finds the old one. */
  private async call(start: (client: Client) => Promise<unknown>): Promise<void> {
    try {
      await start(await (this.client ??= this.connect()));
    } catch (cause) {
      if ((cause as Error).name === 'WorkflowExecutionAlreadyStartedError') return;
      if (!isConnectionTrouble(cause)) throw cause;
      throw new ApiError('unavailable', `Temporal did not answer: ${(cause as Error).message}`, {}, { cause });
    }
  }

  private async connect(): Promise<Client> {
    try {
      const connection = await Connection.connect({
        address: this.config.address,
        connectTimeout: CONNECT_TIMEOUT_MS,
      });
      await ensureSearchAttributes(connection, this.config.namespace);
      return new Client({ connection, namespace: this.config.namespace });
    } catch (error) {
      this.client = undefined;
      throw error;
    }
  }
}

function isConnectionTrouble(error: unknown): boolean {
  return isGrpcServiceError(error) || /connect|unavailable|deadline/i.test((error as Error).message);
}
