/**
 * The plant's health and its fault dial over HTTP.
 *   GET /healthz /readyz · GET /status · POST /fault {"kind":"delay","ms":500,"unit":1} · POST /reboot {"down_ms":2000}
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Fault, parseFault } from './faults';

/** What the dial turns, whatever the plant speaks. */
export interface Controlled {
  readonly running: boolean;
  readonly faults: { readonly current: Fault; set(fault: Fault): void };
  /** What was written to it. */
  readonly writes: { readonly count: number };
  /** Gone for this long, connections cut. */
  reboot(down_ms: number): Promise<void>;
}

const MAX_BODY_BYTES = 4_096;
const MAX_DOWN_MS = 600_000;

export function controlServer(plant: Controlled, host: string, port: number, dial: boolean): Promise<Server> {
  const server = createServer((req, res) => {
    handle(plant, dial, req, res).catch((e: unknown) => answer(res, 400, { error: (e as Error).message }));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}

async function handle(plant: Controlled, dial: boolean, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const route = `${req.method} ${req.url}`;
  if (route === 'GET /healthz') return answer(res, 200, 'ok');
  if (route === 'GET /readyz') return answer(res, plant.running ? 200 : 503, plant.running ? 'ready' : 'not listening');
  if (!dial) return answer(res, 404, { error: 'not found' });
  if (route === 'GET /status')
    return answer(res, 200, { running: plant.running, fault: plant.faults.current, writes: plant.writes });
  if (route === 'POST /fault') {
    plant.faults.set(parseFault(await body(req)));
    return answer(res, 200, plant.faults.current);
  }
  if (route === 'POST /reboot') {
    const { down_ms = 1_000 } = (await body(req)) as { down_ms?: number };
    if (!(down_ms >= 0 && down_ms <= MAX_DOWN_MS)) throw new Error(`down_ms: 0 to ${MAX_DOWN_MS}`);
    void plant.reboot(down_ms);
    return answer(res, 202, { down_ms });
  }
  answer(res, 404, { error: 'not found' });
}

async function body(req: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of req) {
    text += String(chunk);
    if (text.length > MAX_BODY_BYTES) throw new Error(`a body of at most ${MAX_BODY_BYTES} bytes`);
  }
  return text === '' ? {} : (JSON.parse(text) as unknown);
}

function answer(res: ServerResponse, status: number, content: unknown): void {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  const type = typeof content === 'string' ? 'text/plain' : 'application/json';
  res.writeHead(status, { 'content-type': type }).end(`${text}\n`);
}
