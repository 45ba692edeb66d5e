/** What the contract suite does not ask of the links: a log to its end, groups in packets on request, strangers. */
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CanPlant } from '../../../../deploy/local/plant/can/plant';
import { CanAdapter } from '../../../../edge-agent/adapters/can/adapter';
import { encodeDatagram } from '../../../../edge-agent/adapters/can/cannelloni';
import { systemClock } from '../../../../edge-agent/io/clock';
import { freeUdpPort } from '../../../contract/adapter/harness/can';
import { Observer, until } from '../../../contract/adapter/observer';
import { connectionOf } from '../../plan-of';

const adapterOf = (profile: string): CanAdapter =>
  new CanAdapter(connectionOf(profile), { clock: systemClock, random: Math.random });

describe('a log of candump', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-candump-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const FRAMES = 3_000;
  const file = join(folder, 'bus.log');
  const lines = Array.from({ length: FRAMES }, (_, i) => {
    const data = Buffer.alloc(4);
    data.writeUInt32LE(i);
    return `(1700000000.${String(i).padStart(6, '0')}) can0 123#${data.toString('hex')}`;
  });
  writeFileSync(file, `${lines.join('\n')}\nno frame\n`);
  const profile = (more: string): string => `
agent: { id: a }
connections: [{ name: log, protocol: can, backoff: { initial_ms: 10 }, can: { link: candump, file: ${file}, ${more} } }]
devices: [{ id: m, connection: log, points: [{ metric: n, can: { id: 0x123, start: 0, length: 32 } }] }]
`;

  test('every frame once, in order, at the time it was recorded; held back while there is no room; then it is over', async () => {
    const adapter = adapterOf(profile('speed: 0'));
    const agent = new Observer();
    agent.withholdLeave();
    adapter.start(agent);
    await until('held back', () => (adapter.status().counters['waiting'] ?? 0) >= 2_000, 30_000);
    agent.giveLeave();
    await until(
      'the end',
      () => agent.links.some((l) => l.state === 'disconnected' && l.reason?.includes('is over') === true),
      30_000,
    );
    await until('all', () => agent.good('m').length >= FRAMES, 30_000);
    expect(agent.good('m').map((s) => s.value)).toEqual(lines.map((_, i) => i));
    expect(agent.good('m')[2_999]).toMatchObject({ at: 1_700_000_000_002, past: true });
    expect(adapter.status()).toMatchObject({ connected: false, counters: { malformed: 1, dropped: 0 } });
    // Its end is no reason to play it again.
    expect(agent.links.filter((l) => l.device === undefined).map((l) => l.state)).toEqual([
      'connecting',
      'connected',
      'disconnected',
    ]);
    await adapter.close();
  });

  test('a log that is not there is a lost link, and tried again', async () => {
    const adapter = adapterOf(profile('speed: 0').replace('bus.log', 'none.log'));
    const agent = new Observer();
    adapter.start(agent);
    await until('two attempts', () => (adapter.status().counters['reconnects'] ?? 0) > 1, 30_000);
    expect(agent.links.find((l) => l.state === 'disconnected')?.reason).toMatch(/ENOENT/);
    await adapter.close();
  });

  test('a log that loops is told at the time it is played', async () => {
    const adapter = adapterOf(profile('speed: 0, loop: true'));
    const agent = new Observer();
    const begun = systemClock.now();
    adapter.start(agent);
    await until('more than the log has', () => agent.good('m').length > FRAMES, 30_000);
    expect(agent.good('m').every((s) => s.at >= begun && s.past !== true)).toBe(true);
    await adapter.close();
  });
});

test('over a tunnel: a group asked for comes in packets; strangers are not heard', async () => {
  const [port, agent_port] = [await freeUdpPort(), await freeUdpPort()];
  const plant = new CanPlant({
    host: '127.0.0.1',
    port,
    agent_host: '127.0.0.1',
    agent_port,
    period_ms: 20,
    addresses: [1],
  });
  await plant.start();
  const adapter = adapterOf(`
agent: { id: a }
connections: [{ name: bus, protocol: can, host: 127.0.0.1, port: ${port}, can: { link: udp, listen: 0.0.0.0, listen_port: ${agent_port} } }]
devices:
  - id: boiler
    connection: bus
    can: { source: 1 }
    points: [{ metric: component, type: string, scan_ms: 100, can: { pgn: 0xfeeb, start: 0, length: 400, request: true } }]
`);
  const agent = new Observer();
  const stranger = createSocket('udp4');
  try {
    adapter.start(agent);
    await until('the component', () => agent.good('boiler').some((s) => s.value === 'MILLRACE'), 30_000);
    await new Promise<void>((resolve) => stranger.bind(0, '127.0.0.2', resolve));
    const frame = { id: 0x18feeb01, extended: true, remote: false, data: Buffer.from('forged!!') };
    stranger.send(encodeDatagram(0, frame), agent_port, '127.0.0.1');
    await until('the stranger', () => adapter.status().counters['strangers'] === 1, 30_000);
    expect(agent.good('boiler').every((s) => s.value === 'MILLRACE')).toBe(true);
    expect(adapter.status().counters).toMatchObject({ transfers_lost: 0, malformed: 0 });
  } finally {
    stranger.close();
    await adapter.close();
    await plant.stop();
  }
});
