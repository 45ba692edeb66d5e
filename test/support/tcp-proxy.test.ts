import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { TcpProxy } from './tcp-proxy';

const closers: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** What arrives at the far end, through a proxy. */
async function line(): Promise<{ proxy: TcpProxy; client: Socket; arrived: () => number }> {
  let arrived = 0;
  const server = createServer((socket) => {
    socket.on('data', (d: Buffer) => (arrived += d.length));
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await TcpProxy.start((server.address() as AddressInfo).port);
  const client = connect(proxy.port, '127.0.0.1');
  client.on('error', () => undefined);
  closers.push(
    () => proxy.stop(),
    () => void server.close(),
  );
  await once(client, 'connect');
  return { proxy, client, arrived: () => arrived };
}

test('cuts at the byte', async () => {
  const { proxy, client, arrived } = await line();
  const cut = proxy.cutAfter(1_234, 5_000);
  client.write(Buffer.alloc(10_000));
  await cut;
  await once(client, 'close');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(arrived()).toBe(1_234);
});

test('a stalled line keeps everything back and loses nothing', async () => {
  const { proxy, client, arrived } = await line();
  proxy.stall();
  client.write(Buffer.alloc(5_000));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(arrived()).toBe(0);
  proxy.resume();
  await proxy.afterBytes(5_000, 500);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(arrived()).toBe(5_000);
});
