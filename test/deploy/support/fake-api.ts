import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly token: string | undefined;
  readonly body: unknown;
}

export interface Answer {
  readonly status?: number;
  readonly body: unknown;
}

/** An API that answers as told and remembers what it was asked. */
export class FakeApi {
  readonly seen: Seen[] = [];
  private server: Server | undefined;

  constructor(private readonly answer: (seen: Seen, n: number) => Answer) {}

  async start(): Promise<string> {
    this.server = createServer((req, res) => {
      void bodyOf(req).then((body) => {
        const seen: Seen = { method: req.method ?? '', path: req.url ?? '', token: req.headers.authorization, body };
        this.seen.push(seen);
        const { status = 200, body: answer } = this.answer(seen, this.seen.length);
        const type = status < 400 ? 'application/json' : 'application/problem+json';
        res.writeHead(status, { 'content-type': type }).end(JSON.stringify(answer));
      });
    });
    const server = this.server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }
}

async function bodyOf(req: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of req) text += String(chunk);
  return text ? JSON.parse(text) : undefined;
}
