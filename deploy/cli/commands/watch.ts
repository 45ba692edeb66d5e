/** What happens, line by line, as it happens: the API's stream of events, gone on with after every break. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiRefusal } from '../api-client';
import { apiEndpoint, type Context, type Endpoint } from '../context';
import { EXIT } from '../errors';

export interface WatchOptions {
  readonly device?: string;
  readonly types?: string;
  readonly json?: boolean;
  /** Ends after so many lines. */
  readonly count?: string;
}

const RETRY_MS = 1_000;
const MAX_PENDING_CHARS = 4_000_000;

interface Event {
  readonly id: string;
  readonly type: string;
  readonly data: Record<string, unknown>;
}

export async function watch(context: Context, o: WatchOptions): Promise<number> {
  const endpoint = apiEndpoint(context);
  const wanted = {
    ...(o.device !== undefined && { device: o.device }),
    ...(o.types !== undefined && { types: o.types }),
  };
  let left = o.count === undefined ? Infinity : Number(o.count);
  for (let lastId = ''; ;) {
    try {
      for await (const event of eventsOf(endpoint, new URLSearchParams(wanted), lastId)) {
        if (event.id !== '') lastId = event.id;
        context.io.out(o.json ? `${JSON.stringify({ type: event.type, ...event.data })}\n` : lineOf(event));
        if (--left <= 0) return EXIT.ok;
      }
    } catch (error) {
      if (error instanceof ApiRefusal && error.status < 500) throw error;
    }
    context.io.err('link lost, trying again\n');
    await sleep(RETRY_MS);
  }
}

async function* eventsOf({ url, token }: Endpoint, parameters: URLSearchParams, lastId: string): AsyncGenerator<Event> {
  const abort = new AbortController();
  const headers = { ...(token && { authorization: `Bearer ${token}` }), ...(lastId && { 'last-event-id': lastId }) };
  const path = `/stream${parameters.size > 0 ? `?${parameters}` : ''}`;
  const answer = await fetch(`${url}/api/v1${path}`, { headers, signal: abort.signal });
  if (!answer.ok || !answer.body)
    throw new ApiRefusal(answer.status, `GET ${path}`, (await answer.json()) as ApiRefusal['problem']);
  try {
    let text = '';
    for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + piece).split('\n\n');
      text = blocks.pop() ?? '';
      if (text.length > MAX_PENDING_CHARS) throw new RangeError('an event without an end');
      for (const block of blocks) {
        const field = (name: string): string => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1] ?? '';
        const data = field('data');
        if (data !== '') yield { id: field('id'), type: field('event'), data: JSON.parse(data) as Event['data'] };
      }
    }
  } finally {
    abort.abort();
  }
}

/** Device, what kind, and in words what. */
function lineOf({ type, data }: Event): string {
  const of = data as { device_id?: string; at?: string; [key: string]: unknown };
  const said = (): string => {
    if (type === 'reading')
      return (of['series'] as { metric: string; value: unknown; quality: string }[])
        .map((s) => `${s.metric}=${String(s.value)}${s.quality === 'good' ? '' : ` (${s.quality})`}`)
        .join(' ');
    if (type === 'command') return `${String(of['name'])} ${(of['transition'] as { state: string }).state}`;
    if (type === 'alarm')
      return `${String(of['alarm'])} ${of['active'] ? 'active' : 'cleared'} ${String(of['message'] ?? '')}`;
    if (type === 'lifecycle') return `${String(of['type'])} by ${String(of['actor'])}`;
    if (type === 'presence') return String(of['status']);
    return JSON.stringify(data);
  };
  return `${(of.device_id ?? '-').padEnd(20)} ${type.padEnd(10)} ${said().trimEnd()}\n`;
}
