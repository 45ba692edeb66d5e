/** What clients of the API connect to, whether it speaks HTTP or mutual TLS. */
import { createServer, type RequestListener, type Server as HttpServer } from 'node:http';
import { type Server as HttpsServer } from 'node:https';

/**
 * How long a connection may be idle, ms. Longer than what balancers keep one (60 s of nginx and of cloud balancers): who closes
 * first must be the one who asks, or a request meets a connection that was closed a moment ago and its sender cannot know whether it
 * was carried out. Node's own 5 s do not do.
 */
const IDLE_MS = 75_000;

export function createListener(app: RequestListener): HttpServer {
  return keptAlive(createServer(app));
}

export function keptAlive<S extends HttpServer | HttpsServer>(server: S): S {
  server.keepAliveTimeout = IDLE_MS;
  return server;
}

export function listen<S extends HttpServer | HttpsServer>(server: S, host: string, port: number): Promise<S> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}
