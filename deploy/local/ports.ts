import { type AddressInfo, createServer, type Server } from 'node:net';
import { type Listener, listenersOn } from './supervisor/listeners';

/**
 * `n` different TCP ports that nobody listens on at 127.0.0.1 just now. Another process may take one before it is used.
 */
export async function freePorts(n: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: n }, listen));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** The process that listens on the port, its pid and command line if we may see them. Undefined when it is free. */
export function whoHolds(port: number): Listener | undefined {
  return listenersOn([port])[0];
}

function listen(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}
