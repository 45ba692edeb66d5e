/**
 * Topics with names. Pure.
 *   template = level *( separator level ) ; level = text | "{name}" | "+" | "#" (last)
 */
const NAME = /^\{([a-z][a-z0-9_]*)\}$/;
const NAMES = /\{([a-z][a-z0-9_]*)\}/g;

export type Names = Readonly<Record<string, string>>;

export interface TopicTemplate {
  /** As the broker takes it. */
  readonly filter: string;
  readonly names: readonly string[];
  /** What the names stand for in a topic; undefined when the topic does not fit. */
  match(topic: string): Names | undefined;
}

/** Undefined when it is a template; otherwise what is wrong with it. */
export function templateFault(template: string, separator = '/'): string | undefined {
  const levels = template.split(separator);
  for (const [i, level] of levels.entries()) {
    if (level === '+' || NAME.test(level) || (level === '#' && i === levels.length - 1)) continue;
    if (/[+#{}\0]/.test(level)) return 'levels that are text, {name}, +, or # at the end';
  }
  const names = namesIn(template);
  return new Set(names).size < names.length ? 'each {name} once' : undefined;
}

export const namesIn = (template: string): string[] => [...template.matchAll(NAMES)].map((m) => m[1] ?? '');

/** The template has no fault. */
export function compileTopic(template: string, separator = '/'): TopicTemplate {
  const levels = template.split(separator);
  const open = levels.at(-1) === '#';
  const fixed = open ? levels.slice(0, -1) : levels;
  const names = levels.map((level) => NAME.exec(level)?.[1]);
  const match = (topic: string): Names | undefined => {
    const given = topic.split(separator);
    if (open ? given.length < fixed.length : given.length !== fixed.length) return undefined;
    // MQTT 4.7.2: wildcards at the start do not match topics of the broker itself.
    if (topic.startsWith('$') && !template.startsWith('$')) return undefined;
    const found: Record<string, string> = {};
    for (const [i, level] of fixed.entries()) {
      const name = names[i];
      if (name !== undefined) found[name] = given[i] ?? '';
      else if (level !== '+' && level !== given[i]) return undefined;
    }
    return found;
  };
  const filter = levels.map((level, i) => (names[i] === undefined ? level : '+')).join(separator);
  return { filter, names: names.filter((n) => n !== undefined), match };
}

/** Names put in; undefined when one is not known. */
export function fill(template: string, names: Names): string | undefined {
  let whole = true;
  const text = template.replace(NAMES, (_, name: string) => {
    const value = Object.hasOwn(names, name) ? names[name] : undefined;
    whole &&= value !== undefined;
    return value ?? '';
  });
  return whole ? text : undefined;
}

/** MQTT 3.3.2: what a message may be published to. */
export const isPublishable = (topic: string): boolean =>
  topic.length > 0 && Buffer.byteLength(topic) <= 65_535 && !/[+#\0]/.test(topic);
