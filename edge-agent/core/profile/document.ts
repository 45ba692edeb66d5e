/** YAML text to data, keeping where everything stands. */
import { type Document, isMap, isNode, isScalar, LineCounter, type Node, parseDocument, Scalar, visit } from 'yaml';
import { type Issue, type Path, type Place, type Problem, problem } from './problem';

/** Expansions of aliases allowed: a profile of a few kilobytes must not become gigabytes. */
const MAX_ALIASES = 10_000;
const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

export type Env = Readonly<Record<string, string | undefined>>;

export class ProfileDocument {
  private constructor(
    readonly file: string,
    private readonly document: Document,
    private readonly lines: LineCounter,
    readonly problems: readonly Problem[],
  ) {}

  static parse(file: string, text: string, env: Env): ProfileDocument {
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, uniqueKeys: true });
    const problems = document.errors.map((e) => {
      const issue: Issue = { path: [], value: undefined, expected: `valid YAML: ${e.message}` };
      return problem(issue, placeOf(file, lines, e.pos[0]));
    });
    problems.push(...substitute(document, env).map((u) => unset(u, placeOf(file, lines, u.offset))));
    return new ProfileDocument(file, document, lines, problems);
  }

  data(): unknown {
    return this.document.toJS({ maxAliasCount: MAX_ALIASES });
  }

  /** Where a path stands; the nearest part that exists when the rest does not. */
  place(path: Path, atKey = false): Place {
    const key = atKey ? this.keyNode(path) : undefined;
    return placeOf(this.file, this.lines, (key ?? this.nearest(path))?.range?.[0] ?? 0);
  }

  private nearest(path: Path): Node | undefined {
    for (let length = path.length; length > 0; length--) {
      const node = this.document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return node;
    }
    return this.document.contents ?? undefined;
  }

  private keyNode(path: Path): Node | undefined {
    const parent = this.document.getIn(path.slice(0, -1), true);
    const name = path.at(-1);
    if (!isMap(parent)) return undefined;
    const key = parent.items.find((pair) => isScalar(pair.key) && pair.key.value === name)?.key;
    return isNode(key) ? key : undefined;
  }
}

interface Unset {
  readonly name: string;
  readonly offset: number;
}

/**
 * Puts the environment in the place of ${NAME} and ${NAME:-default}, value by value after parsing, so that nothing in a
 * variable can become structure. An unquoted value is then read as YAML reads it: a number stays a number.
 */
function substitute(document: Document, env: Env): Unset[] {
  const missing: Unset[] = [];
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const text = node.value.replace(VARIABLE, (_, name: string, fallback: string | undefined) => {
        const value = env[name] || fallback;
        if (value === undefined) missing.push({ name, offset: node.range?.[0] ?? 0 });
        return value ?? '';
      });
      node.value = node.type === Scalar.PLAIN ? plainScalar(text) : text;
    },
  });
  return missing;
}

function plainScalar(text: string): unknown {
  const parsed = parseDocument(text);
  const value: unknown = parsed.errors.length === 0 && isScalar(parsed.contents) ? parsed.contents.value : text;
  return value;
}

function unset({ name }: Unset, place: Place): Problem {
  const expected = `the environment variable ${name} to be set, or a default: \${${name}:-value}`;
  return problem({ path: [], value: undefined, expected }, place);
}

function placeOf(file: string, lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(1, line), column: Math.max(1, col) };
}
