/** What is known of each writer schema: how to walk its bodies and the container header it needs. */
import { avroType, schemas, typeOf } from '../../schemas/codec';
import { StreamError, type WriterSchemas } from '../../schemas/stream';
import { containerHeader } from '../domain/ingest/container';
import { type Poison, type Writer } from '../domain/ingest/judge';
import { layoutsOf } from '../domain/ingest/shape';
import { compileWalker } from '../domain/ingest/walker';
import { ProjectorError } from './errors';
import { type Clock, type Writers } from './ports';
import { type Projection } from './projections';

/** Beyond this something writes garbage ids; what is known is forgotten and fetched again. */
export const MAX_WRITERS = 1_000;

/**
 * What the registry did not have is asked for again after this long: a schema may be registered after its first message,
 * and dead letters are sent back once it is. What it had can never change.
 */
export const UNKNOWN_FOR_MS = 5_000;

/** A registry that has just started may answer 404 for what it has not read back yet. */
export interface RegistryCheck {
  /** True when the registry is known to have all it ever had: a 404 is then final. */
  complete(topic: string): Promise<boolean>;
}

export class RegistryWriters implements Writers {
  private readonly writers = new Map<string, { readonly writer: Writer; readonly until: number }>();

  constructor(
    private readonly registry: Pick<WriterSchemas, 'get'>,
    private readonly check: RegistryCheck,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  known(projection: Projection, schemaId: number): Writer | undefined {
    const found = this.writers.get(keyOf(projection, schemaId));
    return found && this.clock.now() < found.until ? found.writer : undefined;
  }

  async learn(projection: Projection, schemaId: number): Promise<Writer> {
    const writer = await this.fetch(projection, schemaId);
    if (this.writers.size >= MAX_WRITERS) this.writers.clear();
    const unknown = 'code' in writer && writer.code === 'unknown-schema';
    const until = unknown ? this.clock.now() + UNKNOWN_FOR_MS : Infinity;
    this.writers.set(keyOf(projection, schemaId), { writer, until });
    return writer;
  }

  private async fetch(projection: Projection, schemaId: number): Promise<Writer> {
    try {
      return writerFor(projection, await this.registry.get(schemaId));
    } catch (e) {
      if (!(e instanceof StreamError) || e.code !== 'unknown-schema') throw e;
      if (!(await this.check.complete(projection.topic)))
        throw new ProjectorError(
          'registry-unavailable',
          `learn schema ${schemaId}`,
          'the registry knows no schema of this topic at all',
          'is it still starting, or has it lost its storage? Register the schemas again (millrace up does)',
        );
      return { code: 'unknown-schema', reason: `schema ${schemaId} is not in the registry` };
    }
  }
}

const keyOf = (projection: Projection, schemaId: number): string => `${projection.topic}:${schemaId}`;

/** A writer whose records the current schema can read; otherwise the reason why none of its messages may go in. */
export function writerFor(projection: Projection, schema: object): Writer {
  try {
    const reader = typeOf(projection.event);
    reader.createResolver(avroType(schema));
    const { columns, event } = projection;
    const layouts = columns && layoutsOf(schema, schemas[event], columns);
    return { walker: compileWalker(schema), header: containerHeader(schema), ...(layouts && { layouts }) };
  } catch (e) {
    const poison: Poison = {
      code: 'wrong-schema',
      reason: `not readable as ${projection.event}: ${(e as Error).message}`,
    };
    return poison;
  }
}
