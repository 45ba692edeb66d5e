/** A collector of traces (OTLP over HTTP, JSON) in this process: what every process tells of its part of the way. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A step of a trace; times in ms since 1970-01-01 UTC, with fractions. */
export interface ToldSpan {
  readonly traceId: string;
  readonly service: string;
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Spans kept; what comes beyond is dropped, and the table says of how many commands it is. */
const MAX_SPANS = 200_000;
const NS_PER_MS = 1e6;
const LOOK_MS = 250;

interface Value {
  readonly stringValue?: string;
  readonly intValue?: number | string;
}

interface Pair {
  readonly key: string;
  readonly value: Value;
}

interface Body {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly Pair[] };
    readonly scopeSpans?: readonly { readonly spans?: readonly RawSpan[] }[];
  }[];
}

interface RawSpan {
  readonly traceId: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly Pair[];
}

/** The steps in a request of an exporter. */
export function spansIn(body: Body): ToldSpan[] {
  return (body.resourceSpans ?? []).flatMap(({ resource, scopeSpans = [] }) => {
    const service = textsOf(resource?.attributes)['service.name'] ?? '';
    return scopeSpans.flatMap(({ spans = [] }) =>
      spans.map(({ traceId, name, startTimeUnixNano, endTimeUnixNano, attributes }) => ({
        ...{ traceId, service, name, attributes: textsOf(attributes) },
        ...{ start: Number(startTimeUnixNano) / NS_PER_MS, end: Number(endTimeUnixNano) / NS_PER_MS },
      })),
    );
  });
}

const textsOf = (pairs: readonly Pair[] = []): Record<string, string> =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, String(value.stringValue ?? value.intValue ?? '')]));

export class SpanCollector {
  private readonly spans: ToldSpan[] = [];

  private constructor(private readonly server: Server) {}

  static async listen(): Promise<SpanCollector> {
    const server = createServer((req, res) => {
      void read(req).then((body) => {
        if (collector.spans.length < MAX_SPANS) collector.spans.push(...spansIn(body));
        res.setHeader('content-type', 'application/json').end('{}');
      });
    });
    const collector = new SpanCollector(server);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return collector;
  }

  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The steps of the traces, once so many of this name have come; without the rest of them after `timeout_ms`. */
  async of(traceIds: readonly string[], name: string, timeout_ms: number): Promise<ToldSpan[]> {
    const wanted = new Set(traceIds);
    for (const until = performance.now() + timeout_ms; performance.now() < until; await sleep(LOOK_MS)) {
      const told = new Set(this.spans.filter((s) => s.name === name && wanted.has(s.traceId)).map((s) => s.traceId));
      if (told.size === wanted.size) break;
    }
    return this.spans.filter((s) => wanted.has(s.traceId));
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }
}

async function read(req: IncomingMessage): Promise<Body> {
  let text = '';
  for await (const part of req.setEncoding('utf8')) text += part as string;
  return JSON.parse(text) as Body;
}
