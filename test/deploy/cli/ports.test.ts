import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PortRequest, rememberedPorts, settlePorts } from '../../../deploy/cli/up/ports';
import { dataDir } from '../../../deploy/local/data-dir';
import { choosePorts, type PortChoice, PUBLIC_PORTS, publicPorts } from '../../../deploy/local/port-plan';

const choice = (more: Partial<PortChoice> = {}): PortChoice => ({
  options: {},
  env: {},
  remembered: {},
  auto: false,
  instance: '0a1b2c3d4e5f',
  taken: () => false,
  ...more,
});

describe('choosing', () => {
  test('standard ports, and free ones for what nobody addresses', () => {
    const ports = choosePorts(choice());
    for (const name of publicPorts) expect(ports[name]).toBe(PUBLIC_PORTS[name].standard);
    expect(new Set(Object.values(ports)).size).toBe(Object.values(ports).length);
  });
  test('option before variable before memory before standard', () => {
    const all = choice({
      options: { api: 1 },
      env: { MILLRACE_API_PORT: '2', MILLRACE_KAFKA_PORT: '3' },
      remembered: { kafka: 4, plant: 5 },
    });
    expect(choosePorts(all)).toMatchObject({ api: 1, kafka: 3, plant: 5, clickhouse: 8123 });
  });
  test('auto takes free ones, the same again when they are remembered and free', () => {
    const first = choosePorts(choice({ auto: true }));
    for (const name of publicPorts) expect(first[name]).not.toBe(PUBLIC_PORTS[name].standard);
    expect(choosePorts(choice({ auto: true, remembered: first }))).toEqual(first);
    expect(choosePorts(choice({ remembered: first }))).toEqual(first);
    const again = choosePorts(choice({ auto: true, remembered: first, taken: (p) => p === first.api }));
    expect(again.api).not.toBe(first.api);
    expect({ ...again, api: 0 }).toEqual({ ...first, api: 0 });
  });
  test('two instances reach for different ones', () => {
    const one = Object.values(choosePorts(choice({ auto: true })));
    const other = Object.values(choosePorts(choice({ auto: true, instance: 'ffeeddccbbaa' })));
    expect(one.filter((p) => other.includes(p))).toEqual([]);
  });
  test.each(['0', '65536', '80.5', 'http'])('%s is no port', (text) => {
    expect(() => choosePorts(choice({ env: { MILLRACE_API_PORT: text } }))).toThrow(
      expect.objectContaining({ code: 'configuration' }),
    );
  });
  test('the same port twice is refused, naming both', () => {
    expect(() => choosePorts(choice({ options: { api: 9092 } }))).toThrow('kafka and api both get 9092');
  });
  test('ends when nothing is free', () => {
    expect(() => choosePorts(choice({ taken: () => true }))).toThrow('no port is free');
  });
});

describe('settling', () => {
  let path: string;
  let server: Server;
  let taken: number;
  beforeEach(async () => {
    path = mkdtempSync(join(tmpdir(), 'millrace-ports-'));
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    taken = (server.address() as AddressInfo).port;
  });
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(path, { recursive: true, force: true });
  });
  const request = (more: Partial<PortRequest['options']> = {}, own: number[] = []): PortRequest => ({
    options: { ports: { api: taken }, autoPorts: true, plant: true, secure: false, ...more },
    env: {},
    dir: dataDir(path),
    external: new Set(),
    own: new Set(own),
  });

  test('a taken port is named with what holds it and how to choose another, before anything is written', () => {
    let error: { message: string; hint: string } | undefined;
    try {
      settlePorts(request());
    } catch (e) {
      error = e as typeof error;
    }
    expect(error?.message).toContain(`port ${taken} (REST API and console) is taken by pid ${process.pid}: `);
    expect(error?.message).toContain('node');
    expect(error?.hint).toContain('--api-port N (or MILLRACE_API_PORT=N)');
    expect(rememberedPorts(dataDir(path))).toEqual({});
  });
  test('what our own processes hold is free for us', () => {
    expect(settlePorts(request({}, [process.pid])).api).toBe(taken);
  });
  test('remembers what is used, and not the ports of components of the user’s own', () => {
    const used = settlePorts({ ...request({ ports: {} }), external: new Set(['kafka']) });
    const kept = rememberedPorts(dataDir(path));
    expect(kept['api']).toBe(used.api);
    expect(kept).not.toHaveProperty('kafka');
    expect(kept).not.toHaveProperty('kafka-controller');
  });
  test('a port of something that is not started may be taken', () => {
    expect(() => settlePorts(request({ ports: { plant: taken }, plant: false }))).not.toThrow();
    const certificates = { 'api-mtls': taken };
    expect(() => settlePorts(request({ ports: certificates }))).not.toThrow();
    expect(() => settlePorts(request({ ports: certificates, secure: true }))).toThrow('REST API for machines');
  });
});
