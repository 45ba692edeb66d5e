/** Our client against a device by others (bacpypes3), over real datagrams; and registered with it as a foreign device. */
import { type Sample } from '../../../../edge-agent/adapter';
import { BacnetAdapter } from '../../../../edge-agent/adapters/bacnet/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { freeUdpPort } from '../../../contract/adapter/harness/can';
import { Observer, until } from '../../../contract/adapter/observer';
import { type PythonPeer, type RunningPeer, startPeer } from '../../../support/python-peer';
import { connectionOf } from '../../plan-of';

const BACPYPES: PythonPeer = {
  folder: 'bacpypes3-0.0.110',
  title: 'bacpypes3',
  version: '0.0.110',
  wheels: [
    {
      file: 'bacpypes3-0.0.110-py3-none-any.whl',
      sha256: '02abc0c9e7e92d7061727898ba00204ec072f1d451a63c4e7de76015b5b14911',
      bytes: 277907,
      requirement: 'bacpypes3==0.0.110',
    },
  ],
};
const SETUP_MS = 120_000;
const WAIT_MS = 30_000;

const profile = (own: number, port: number, device: string, network: string): string => `
agent: { id: a }
connections: [{ name: net, protocol: bacnet, timeout_ms: 3000, bacnet: { interface: 127.0.0.1, port: ${own}, broadcast: 127.0.0.1${network} } }]
devices:
  - id: peer
    connection: net
    scan_ms: 200
    bacnet: { ${device.replace('PORT', String(port))} }
    points:
      - { metric: temperature, object: "analog-input,1", bacnet: { cov: true } }
      - { metric: broken, object: "analog-input,2" }
      - { metric: setpoint, object: "analog-value,1", writable: true }
      - { metric: override, object: "analog-value,1", type: bool, writable: true, bacnet: { override: true } }
      - { metric: fan, object: "binary-value,1", type: bool, writable: true }
      - { metric: stage, object: "multi-state-value,1" }
      - { metric: label, object: "character-string-value,1" }
      - { metric: nowhere, object: "analog-input,99" }
`;

describe('against bacpypes3', () => {
  let peer: RunningPeer;
  let port = 0;

  beforeAll(async () => {
    port = await freeUdpPort();
    peer = await startPeer(BACPYPES, 'test/edge-agent/adapters/bacnet/bacpypes_device.py', [String(port)]);
  }, SETUP_MS);
  afterAll(() => peer.stop());

  async function withAdapter(
    device: string,
    network: string,
    use: (adapter: BacnetAdapter, read: (metric: string) => Promise<Sample>) => Promise<void>,
  ): Promise<void> {
    const connection = connectionOf(profile(await freeUdpPort(), port, device, network));
    const adapter = new BacnetAdapter(connection, { clock: systemClock, random: Math.random });
    const agent = new Observer();
    try {
      adapter.start(agent);
      await until('every point', () => new Set(agent.taken.map((s) => s.metric)).size === 8, WAIT_MS);
      await until('it answers', () => agent.good('peer').length > 0, WAIT_MS);
      await use(adapter, (metric) => adapter.read('peer', metric, WAIT_MS));
    } finally {
      await adapter.close();
    }
  }

  test(
    'values of every type, a broken sensor, an object that is not there; writes at a priority, and given back',
    () =>
      withAdapter('address: "127.0.0.1:PORT", priority: 9', '', async (adapter, read) => {
        expect(await read('temperature')).toMatchObject({ value: 21.5, quality: 0 });
        expect(await read('broken')).toMatchObject({ quality: 71 });
        expect(await read('stage')).toMatchObject({ value: 3, quality: 0 });
        expect(await read('label')).toMatchObject({ value: 'läuft', quality: 0 });
        expect(await read('nowhere')).toMatchObject({ quality: 67 });
        expect(await read('override')).toMatchObject({ value: false });
        await adapter.write({ device: 'peer', metric: 'setpoint', value: 70.5, timeout_ms: WAIT_MS });
        expect(await read('setpoint')).toMatchObject({ value: 70.5, quality: 0 });
        expect(await read('override')).toMatchObject({ value: true });
        await adapter.write({ device: 'peer', metric: 'override', value: false, timeout_ms: WAIT_MS });
        expect(await read('setpoint')).toMatchObject({ value: 65 });
        await adapter.write({ device: 'peer', metric: 'fan', value: true, timeout_ms: WAIT_MS });
        expect(await read('fan')).toMatchObject({ value: true, quality: 0 });
      }),
    SETUP_MS,
  );

  test(
    'registered with it as a foreign device, the device is found by its instance',
    () =>
      withAdapter('instance: 4711', `, bbmd: "127.0.0.1:${port}", bbmd_ttl_s: 60`, async (_, read) => {
        expect(await read('temperature')).toMatchObject({ value: 21.5, quality: 0 });
      }),
    SETUP_MS,
  );

  // Broadcasts do not reach a port of its own on one machine: the BBMD hands them on, to the router that it is too.
  test(
    'behind it, on a network that it leads to: read by its address there and written, and found by its instance',
    async () => {
      const bbmd = `, bbmd: "127.0.0.1:${port}", bbmd_ttl_s: 60`;
      await withAdapter('network: 7, mac: 12', bbmd, async (adapter, read) => {
        expect(await read('temperature')).toMatchObject({ value: 21.5, quality: 0 });
        await adapter.write({ device: 'peer', metric: 'setpoint', value: 71, timeout_ms: WAIT_MS });
        expect(await read('setpoint')).toMatchObject({ value: 71, quality: 0 });
        expect(adapter.status().counters).toMatchObject({ routers: 1 });
        await until('notified', () => (adapter.status().counters['notifications'] ?? 0) > 0, WAIT_MS);
      });
      await withAdapter('instance: 4712', bbmd, async (_, read) => {
        expect(await read('setpoint')).toMatchObject({ value: 71, quality: 0 });
      });
    },
    SETUP_MS,
  );
});
