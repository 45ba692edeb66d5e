import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { type Listener, listenersOn } from './supervisor/listeners';

/** Below the kernel's ephemeral range, so that no outgoing connection takes one between two starts of its owner. */
const FREE_FROM = 10_000;
const FREE_TO = 20_000;
const ATTEMPTS = 1_000;

/**
 * `n` different TCP ports that nobody listens on at 127.0.0.1 just now. Another process may take one before it is used,
 * which is unlikely: they are drawn by lot.
 */
export async function freePorts(n: number): Promise<number[]> {
  const servers = new Map<number, Server>();
  for (let left = ATTEMPTS; servers.size < n && left > 0; left--) {
    const port = randomInt(FREE_FROM, FREE_TO);
    const server = servers.has(port) ? undefined : await listening(port);
    if (server) servers.set(port, server);
  }
  await Promise.all([...servers.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  if (servers.size < n) throw new Error(`no ${n} free ports from ${FREE_FROM} to ${FREE_TO}`);
  return [...servers.keys()];
}

/** Undefined when somebody has it. */
function listening(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

/** The process that listens on the port, its pid and command line if we may see them. Undefined when it is free. */
export function whoHolds(port: number): Listener | undefined {
  return listenersOn([port])[0];
}
