/** What comes by on a broker: topics, and the single values in their messages. Pure. */
import { type FoundTopic } from '../../schemas/probe';

/** A tree of topics may be a hundred times what somebody looks through. */
export const MAX_TOPICS = 500;
const MAX_SAMPLE_CHARS = 200;
const MAX_VALUES = 40;
const MAX_DEPTH = 4;
/** A message longer than this is counted and not looked into. */
const MAX_LOOKED_INTO_BYTES = 65_536;

type Values = FoundTopic['values'];

export class SeenTopics {
  private readonly topics = new Map<string, FoundTopic>();
  /** There were more than MAX_TOPICS. */
  cut = false;

  take(topic: string, payload: Buffer): void {
    const known = this.topics.get(topic);
    if (!known && this.topics.size >= MAX_TOPICS) this.cut = true;
    else this.topics.set(topic, { topic, messages: (known?.messages ?? 0) + 1, ...lookInto(payload) });
  }

  list(): readonly FoundTopic[] {
    return [...this.topics.values()].sort((a, b) => (a.topic < b.topic ? -1 : 1));
  }
}

function lookInto(payload: Buffer): Pick<FoundTopic, 'sample' | 'values'> {
  const text = payload.toString('utf8', 0, MAX_LOOKED_INTO_BYTES);
  const sample = printable(text).slice(0, MAX_SAMPLE_CHARS);
  if (payload.length > MAX_LOOKED_INTO_BYTES) return { sample, values: [] };
  try {
    return { sample, values: valuesIn(JSON.parse(text), '', 0).slice(0, MAX_VALUES) };
  } catch {
    // Not JSON: nothing that a point of the usual kind can be made of.
    return { sample, values: [] };
  }
}

/** Bytes of a message that is no text are seen as such. */
const printable = (text: string): string => text.replace(/[\p{Cc}\ufffd]/gu, '·');

function valuesIn(data: unknown, pointer: string, depth: number): Values {
  if (typeof data === 'number') return [{ pointer, type: 'number' }];
  if (typeof data === 'boolean') return [{ pointer, type: 'bool' }];
  if (typeof data === 'string') return [{ pointer, type: 'string' }];
  if (typeof data !== 'object' || data === null || Array.isArray(data) || depth === MAX_DEPTH) return [];
  return Object.entries(data).flatMap(([name, value]) =>
    valuesIn(value, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, depth + 1),
  );
}
