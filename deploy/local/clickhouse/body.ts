/** The body of a request: decoded, and read only as far as its statement needs. */
import { type IncomingMessage } from 'node:http';
import { type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { FrontError } from './errors';
import { INSERT_HEAD_BYTES, MAX_STATEMENT_BYTES } from './limits';
import { parse, type Statement } from './statement';

export interface Asked {
  readonly statement: Statement;
  /** The data of an INSERT. */
  readonly data: AsyncIterable<Buffer>;
  /** Parameters that came in a form instead of the URL. */
  readonly params: ReadonlyMap<string, string>;
}

const NO_PARAMS: ReadonlyMap<string, string> = new Map();

/** The statement of a request, from its URL, its body, or both one after the other. Throws FrontError. */
export async function readStatement(request: IncomingMessage, query: string): Promise<Asked> {
  const type = request.headers['content-type'] ?? '';
  const body = decoded(request);
  if (type.startsWith('multipart/form-data')) return readForm(await whole(body, Buffer.alloc(0)), type, query);
  const pieces = body[Symbol.asyncIterator]();
  if (query.trim() !== '') {
    const statement = parse(`${query}\n`);
    if (statement.kind === 'data') return asked(statement, Buffer.from(`${query}\n`.slice(statement.dataAt)), pieces);
  }
  return fromBody(query.trim() === '' ? Buffer.alloc(0) : Buffer.from(`${query}\n`), pieces);
}

/** The statement, or the rest of it, is in the body: an INSERT's head must end early, anything else must be short. */
async function fromBody(start: Buffer, pieces: AsyncIterator<Buffer>): Promise<Asked> {
  let head = start;
  while (head.length < INSERT_HEAD_BYTES) {
    const piece = await pieces.next();
    if (piece.done) break;
    head = Buffer.concat([head, piece.value]);
  }
  const insert = insertOf(head);
  if (insert) return asked(insert.statement, head.subarray(insert.dataAt), pieces);
  const all = await whole({ [Symbol.asyncIterator]: () => pieces }, head);
  return { statement: parse(all.toString()), data: none(), params: NO_PARAMS };
}

/** An INSERT with data at the start of the bytes. Bytes are looked at as Latin-1, so that positions are bytes. */
function insertOf(head: Buffer): { statement: Statement; dataAt: number } | undefined {
  const text = head.toString('latin1');
  if (!/^(\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*insert\b/i.test(text)) return undefined;
  const found = parse(text);
  if (found.kind !== 'data') return undefined;
  return { statement: parse(head.toString('utf8', 0, found.dataAt)), dataAt: found.dataAt };
}

function asked(statement: Statement, first: Buffer, rest: AsyncIterator<Buffer>): Asked {
  return { statement, data: chain(first, rest), params: NO_PARAMS };
}

async function readForm(bytes: Buffer, type: string, query: string): Promise<Asked> {
  const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } })
    .formData()
    .catch((cause: unknown) => {
      throw new FrontError('BAD_ARGUMENTS', 'The multipart body cannot be read', { cause });
    });
  const params = new Map<string, string>();
  let text = query;
  for (const [name, value] of form) {
    if (typeof value !== 'string')
      throw new FrontError('NOT_IMPLEMENTED', 'External tables are not available in the embedded ClickHouse');
    if (name === 'query') text += value;
    else if (name.startsWith('param_')) params.set(name.slice(6), value);
    else throw new FrontError('BAD_ARGUMENTS', `Unknown part ${JSON.stringify(name)} of the form`);
  }
  return { statement: parse(text), data: none(), params };
}

function decoded(request: IncomingMessage): AsyncIterable<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return request;
  const unpack = decompressor(encoding);
  request.on('error', (error) => unpack.destroy(error));
  request.on('close', () => {
    if (!request.complete) unpack.destroy(new Error('the client went away'));
  });
  return unpacked(request.pipe(unpack));
}

async function* unpacked(pieces: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const piece of pieces) yield piece as Buffer;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (!/^(Z_|ERR_.*BROTLI|ERR__ERROR)/.test(code ?? '')) throw cause;
    throw new FrontError('INCORRECT_DATA', `The body cannot be decompressed: ${message}`, { cause });
  }
}

function decompressor(encoding: string): Transform {
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip();
  if (encoding === 'deflate') return createInflate();
  if (encoding === 'br') return createBrotliDecompress();
  throw new FrontError(
    'UNKNOWN_COMPRESSION_METHOD',
    `Unknown Content-Encoding ${JSON.stringify(encoding)}: gzip, deflate and br are known`,
  );
}

async function whole(pieces: AsyncIterable<Buffer>, start: Buffer): Promise<Buffer> {
  const list = [start];
  let bytes = start.length;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > MAX_STATEMENT_BYTES)
      throw new FrontError('LIMIT_EXCEEDED', `The query is longer than ${MAX_STATEMENT_BYTES} bytes`);
    list.push(piece);
  }
  return Buffer.concat(list);
}

async function* chain(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  for (let piece = await rest.next(); !piece.done; piece = await rest.next()) yield piece.value;
}

async function* none(): AsyncGenerator<Buffer> {
  // Nothing follows a statement that has no data.
}
