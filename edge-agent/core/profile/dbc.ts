/**
 * DBC files: messages, signals, multiplexing (also extended), value tables, comments, float types, J1939 frame formats.
 * What else a file holds is passed over. Pure.
 *
 *   BO_ <id> <name> : <bytes> <sender>
 *   SG_ <name> [M | m<n> | m<n>M] : <start>|<length>@<1 little, 0 big><+ or -> (<factor>,<offset>) [<min>|<max>] "<unit>" …
 *   SG_MUL_VAL_ <id> <signal> <selector> <from>-<to>, … ;
 */

export interface DbcSignal {
  readonly name: string;
  readonly start: number;
  readonly length: number;
  readonly little: boolean;
  readonly signed: boolean;
  float: boolean;
  readonly factor: number;
  readonly offset: number;
  readonly min: number;
  readonly max: number;
  readonly unit: string;
  /** Other signals depend on its value. */
  readonly selects: boolean;
  /** It is there only while its selector has the value. */
  readonly selected?: number;
  /** Of extended multiplexing, which says more. */
  selector?: { readonly name: string; readonly ranges: readonly (readonly [number, number])[] };
  comment: string;
  values: ReadonlyMap<number, string>;
}

export interface DbcMessage {
  /** As in the file: bit 31 says that it has 29 bits. */
  readonly id: number;
  readonly name: string;
  readonly bytes: number;
  readonly signals: readonly DbcSignal[];
  j1939: boolean;
}

export class DbcError extends Error {
  constructor(
    readonly line: number,
    expected: string,
  ) {
    super(`line ${line}: expected ${expected}`);
    this.name = 'DbcError';
  }
}

interface Token {
  readonly kind: 'text' | 'word' | 'number' | 'sign';
  readonly text: string;
  readonly line: number;
}

const MAX_CHARS = 16_000_000;
export const MAX_SIGNALS = 10_000;
const TOKEN = /"((?:[^"\\]|\\[\s\S])*)"|([A-Za-z_][A-Za-z0-9_]*)|([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(\S)/g;
const KINDS = ['text', 'word', 'number', 'sign'] as const;

/** Throws DbcError. */
export function parseDbc(content: string): DbcMessage[] {
  if (content.length > MAX_CHARS) throw new DbcError(1, `at most ${MAX_CHARS} characters`);
  return new Parser(tokensOf(content)).messages();
}

function tokensOf(content: string): Token[] {
  let [line, seen] = [1, 0];
  return [...content.matchAll(TOKEN)].map((match) => {
    for (let i = content.indexOf('\n', seen); i >= 0 && i < match.index; i = content.indexOf('\n', seen)) {
      line++;
      seen = i + 1;
    }
    const found = match.slice(1).findIndex((group) => group !== undefined);
    const text = match[found + 1] ?? '';
    const kind = KINDS[found] ?? 'sign';
    return { kind, text: kind === 'text' ? text.replace(/\\(["\\])/g, '$1') : text, line };
  });
}

/** Attribute that says which frames are of J1939, and what it says then. */
const FRAME_FORMAT = 'VFrameFormat';
const J1939_FORMAT = 'J1939PG';

class Parser {
  private at = 0;
  private readonly byId = new Map<number, DbcMessage & { signals: DbcSignal[] }>();
  private current: (DbcMessage & { signals: DbcSignal[] }) | undefined;
  private signals = 0;
  private formats: readonly string[] = [];
  private allJ1939 = false;

  constructor(private readonly tokens: readonly Token[]) {}

  messages(): DbcMessage[] {
    while (this.at < this.tokens.length) this.statement();
    if (this.allJ1939) for (const message of this.byId.values()) message.j1939 ||= message.id >= 2 ** 31;
    return [...this.byId.values()];
  }

  private statement(): void {
    const { kind, text } = this.next('a statement');
    if (kind !== 'word') return;
    switch (text) {
      case 'NS_':
        // The list of what may come: words that would else begin statements.
        while (this.peek()?.text !== 'BS_' && this.peek()) this.at++;
        return;
      case 'BO_':
        return this.message();
      case 'SG_':
        return this.signalStatement();
      case 'CM_':
        return this.comment();
      case 'VAL_':
        return this.values();
      case 'SIG_VALTYPE_':
        return this.valueType();
      case 'SG_MUL_VAL_':
        return this.multiplex();
      case 'BA_DEF_':
        return this.attributeDefinition();
      case 'BA_DEF_DEF_':
      case 'BA_':
        return this.attribute();
      default:
    }
  }

  private message(): void {
    const id = this.whole();
    const name = this.word();
    this.sign(':');
    const message = { id, name, bytes: this.whole(), signals: [] as DbcSignal[], j1939: false };
    this.byId.set(id, message);
    this.current = message;
  }

  /** Belongs to the message before it. Its receivers are words that begin no statement. */
  private signalStatement(): void {
    if (!this.current) throw this.wrong('BO_ before SG_');
    this.current.signals.push(this.signal());
    if (++this.signals > MAX_SIGNALS) throw this.wrong(`at most ${MAX_SIGNALS} signals`);
  }

  private signal(): DbcSignal {
    const name = this.word();
    const role = this.peek()?.kind === 'word' ? this.word() : '';
    const [, selected, both] = /^m(\d+)(M?)$/.exec(role) ?? [];
    if (role !== '' && role !== 'M' && selected === undefined) throw this.wrong('M, m<number> or m<number>M');
    this.sign(':');
    const start = this.whole();
    this.sign('|');
    const length = this.whole();
    this.sign('@');
    const little = this.whole() === 1;
    const signed = this.next('+ or -').text === '-';
    const [factor, offset] = this.pair('(', ',', ')');
    const [min, max] = this.pair('[', '|', ']');
    const unit = this.next('a unit').text;
    return {
      ...{ name, start, length, little, signed, float: false, factor, offset, min, max, unit },
      selects: role === 'M' || both === 'M',
      ...(selected !== undefined && { selected: Number(selected) }),
      comment: '',
      values: new Map(),
    };
  }

  private comment(): void {
    if (this.peek()?.text !== 'SG_') return this.skip();
    this.at++;
    const signal = this.signalNamed();
    const { text } = this.next('a comment');
    if (signal) signal.comment = text;
    this.skip();
  }

  private values(): void {
    // Of an environment variable when no number comes.
    if (this.peek()?.kind !== 'number') return this.skip();
    const signal = this.signalNamed();
    const values = new Map<number, string>();
    while (this.peek()?.kind === 'number') values.set(this.number(), this.next('a text').text);
    if (signal) signal.values = values;
    this.skip();
  }

  private valueType(): void {
    const signal = this.signalNamed();
    if (this.peek()?.text === ':') this.at++;
    if (signal) signal.float = this.whole() > 0;
    this.skip();
  }

  private multiplex(): void {
    const signal = this.signalNamed();
    const name = this.word();
    const ranges: (readonly [number, number])[] = [];
    while (this.peek()?.kind === 'number') {
      const from = this.whole();
      // 3-5 is read as 3 and -5.
      ranges.push([from, Math.abs(this.number())]);
      if (this.peek()?.text === ',') this.at++;
    }
    if (signal) signal.selector = { name, ranges };
    this.skip();
  }

  private attributeDefinition(): void {
    const begin = this.at;
    this.skip();
    const texts = this.tokens.slice(begin, this.at).flatMap((t) => (t.kind === 'text' ? [t.text] : []));
    if (texts[0] === FRAME_FORMAT) this.formats = texts.slice(1);
  }

  private attribute(): void {
    const begin = this.at;
    this.skip();
    const [name, second, id, value] = this.tokens.slice(begin, this.at);
    if (name?.text === FRAME_FORMAT && second?.text === J1939_FORMAT) this.allJ1939 = true;
    if (name?.text === 'ProtocolType' && second?.text === 'J1939') this.allJ1939 = true;
    const message = second?.text === 'BO_' && name?.text === FRAME_FORMAT && this.byId.get(Number(id?.text));
    if (message) message.j1939 = (this.formats[Number(value?.text)] ?? value?.text) === J1939_FORMAT;
  }

  private signalNamed(): DbcSignal | undefined {
    const message = this.byId.get(this.whole());
    const name = this.word();
    return message?.signals.find((s) => s.name === name);
  }

  private skip(): void {
    for (let token = this.next(';'); token.kind !== 'sign' || token.text !== ';'; token = this.next(';'));
  }

  private pair(open: string, between: string, close: string): [number, number] {
    this.sign(open);
    const first = this.number();
    this.sign(between);
    const second = this.number();
    this.sign(close);
    return [first, second];
  }

  private peek(): Token | undefined {
    return this.tokens[this.at];
  }

  private next(expected: string): Token {
    const token = this.tokens[this.at++];
    if (!token) throw this.wrong(expected);
    return token;
  }

  private word(): string {
    const token = this.next('a name');
    if (token.kind !== 'word') throw this.wrong('a name');
    return token.text;
  }

  private sign(text: string): void {
    if (this.next(text).text !== text) throw this.wrong(text);
  }

  private number(): number {
    const token = this.next('a number');
    if (token.kind !== 'number') throw this.wrong('a number');
    return Number(token.text);
  }

  private whole(): number {
    const n = this.number();
    if (!Number.isInteger(n) || n < 0) throw this.wrong('a whole number');
    return n;
  }

  /** About the token that was taken last. */
  private wrong(expected: string): DbcError {
    const token = this.tokens[this.at - 1] ?? this.tokens.at(-1);
    return new DbcError(token?.line ?? 1, expected);
  }
}
