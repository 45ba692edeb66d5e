/** Writer schemas of what the agent reads, kept on disk so that it reads with the registry away. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { type WriterSchemas } from '../../schemas/stream';

/** More schemas than the platform has releases is a sign of garbage ids: then the oldest are looked up again. */
const MAX_SCHEMAS = 200;

export class WriterSchemaCache {
  private known: Map<number, object> | undefined;

  constructor(
    private readonly remote: Pick<WriterSchemas, 'get'>,
    private readonly path: string,
  ) {}

  /** Throws StreamError when neither the disk nor the registry has it. */
  async get(id: number): Promise<object> {
    this.known ??= await this.load();
    const known = this.known.get(id);
    if (known) return known;
    const schema = await this.remote.get(id);
    const [oldest] = this.known.keys();
    if (this.known.size >= MAX_SCHEMAS && oldest !== undefined) this.known.delete(oldest);
    this.known.set(id, schema);
    // A disk that does not take it costs a question at the next start, and no command.
    await this.save(this.known).catch(() => undefined);
    return schema;
  }

  private async load(): Promise<Map<number, object>> {
    try {
      return new Map(JSON.parse(await readFile(this.path, 'utf8')) as [number, object][]);
    } catch {
      return new Map();
    }
  }

  private async save(known: ReadonlyMap<number, object>): Promise<void> {
    await writeFile(`${this.path}.new`, JSON.stringify([...known]));
    await rename(`${this.path}.new`, this.path);
  }
}
