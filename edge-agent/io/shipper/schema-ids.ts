/**
 * Schema ids, kept on disk so that an agent ships with the registry away. A record goes out under the schema it was
 * written with, also when the agent was upgraded meanwhile.
 */
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { schemas } from '../../../schemas/codec';
import { registerSchemas, registryHeaders, type StreamConfig, StreamError } from '../../../schemas/stream';
import { subjectOf, type Topic, Topics } from '../../../schemas/topics';

const REGISTRY_TIMEOUT_MS = 10_000;
const TOPIC_BY_NAME: ReadonlyMap<string, Topic> = new Map(Object.values(Topics).map((t) => [t.name, t]));

export interface SchemaIdSource {
  /** Id under which values of the topic with this writer schema are framed. Throws StreamError. */
  idOf(topic: string, avsc: object): Promise<number>;
}

export class DiskSchemaIds implements SchemaIdSource {
  private ids: Record<string, number> | undefined;
  /** avsc objects are few and live as long as their segment is read. */
  private readonly known = new WeakMap<object, number>();

  constructor(
    private readonly config: StreamConfig,
    private readonly path: string,
  ) {}

  async idOf(topicName: string, avsc: object): Promise<number> {
    const known = this.known.get(avsc);
    if (known !== undefined) return known;
    const topic = TOPIC_BY_NAME.get(topicName);
    if (!topic) throw new StreamError('unknown-schema', `ship ${topicName}`, 'no such topic', 'is this agent too old?');
    const subject = subjectOf(topic);
    const key = `${subject}/${fingerprint(avsc)}`;
    this.ids ??= await this.load();
    const id = (this.ids[key] ??= await this.register(topic, subject, avsc, key));
    this.known.set(avsc, id);
    return id;
  }

  private async register(topic: Topic, subject: string, avsc: object, key: string): Promise<number> {
    const current = isDeepStrictEqual(JSON.parse(JSON.stringify(schemas[topic.schema])), avsc);
    const id = current ? (await registerSchemas(this.config, [topic]))[subject] : await this.registerOld(subject, avsc);
    if (id === undefined) throw new StreamError('unknown-schema', `register ${subject}`, 'got no id', 'try again');
    // A full disk must not keep us from shipping, which empties it: the id is asked for again at the next start.
    await this.save({ ...this.ids, [key]: id }).catch(() => undefined);
    return id;
  }

  private async registerOld(subject: string, avsc: object): Promise<number> {
    const operation = `register ${subject}`;
    const url = `${this.config.registryUrl.replace(/\/$/, '')}/subjects/${encodeURIComponent(subject)}/versions`;
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json', ...registryHeaders(this.config) },
        body: JSON.stringify({ schema: JSON.stringify(avsc) }),
        signal: AbortSignal.timeout(REGISTRY_TIMEOUT_MS),
      });
      const text = await answer.text();
      if (!answer.ok)
        throw Object.assign(new Error(`HTTP ${answer.status}: ${text.slice(0, 500)}`), { status: answer.status });
      return (JSON.parse(text) as { id: number }).id;
    } catch (cause) {
      const hint = 'is SCHEMA_REGISTRY_URL right and the registry up?';
      throw new StreamError('registry-unavailable', operation, (cause as Error).message, hint, { cause });
    }
  }

  private async load(): Promise<Record<string, number>> {
    try {
      return JSON.parse(await readFile(this.path, 'utf8')) as Record<string, number>;
    } catch {
      return {};
    }
  }

  private async save(ids: Record<string, number>): Promise<void> {
    await writeFile(`${this.path}.new`, JSON.stringify(ids));
    await rename(`${this.path}.new`, this.path);
  }
}

function fingerprint(avsc: object): string {
  return createHash('sha256').update(JSON.stringify(avsc)).digest('hex').slice(0, 32);
}
