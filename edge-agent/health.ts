/** /healthz, /readyz and /metrics of the agent, and /status: what every connection and device is doing, as JSON. */
import { createServer, type Server } from 'node:http';
import { type Registry } from 'prom-client';

export interface HealthSource {
  readonly metrics: Registry;
  /** Undefined when ready, otherwise the reason why not. */
  notReady(): string | undefined;
  status(): object;
}

export function serveHealth(source: HealthSource, host: string, port: number): Promise<Server> {
  const server = createServer((req, res) => {
    switch (req.url) {
      case '/healthz':
        return void res.end('ok\n');
      case '/readyz': {
        const reason = source.notReady();
        return void res.writeHead(reason === undefined ? 200 : 503).end(`${reason ?? 'ready'}\n`);
      }
      case '/status':
        return void res.setHeader('content-type', 'application/json').end(JSON.stringify(source.status()));
      case '/metrics':
        return void source.metrics.metrics().then(
          (body) => res.setHeader('content-type', source.metrics.contentType).end(body),
          (e: unknown) => res.writeHead(500).end(String(e)),
        );
      default:
        return void res.writeHead(404).end();
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}
