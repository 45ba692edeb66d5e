/** Devices by others (paho-mqtt) on our listener: every QoS, a will, a session that is kept, TLS; 3.1.1 and 5. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MqttListenerAdapter } from '../../../../edge-agent/adapters/mqtt-listener/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { freePorts } from '../../../../deploy/local/ports';
import { Observer, until } from '../../../contract/adapter/observer';
import { Authority } from '../../../support/certificates';
import { type PythonPeer, type RunningPeer, startPeer } from '../../../support/python-peer';
import { connectionOf } from '../../plan-of';

const PAHO: PythonPeer = {
  folder: 'paho-mqtt-2.2.0',
  title: 'paho-mqtt',
  version: '2.2.0',
  wheels: [
    {
      file: 'paho_mqtt-2.2.0-py3-none-any.whl',
      sha256: '3243630f7c2b05f71d1de8c6f59865eb04d3a59ae8c866e92377faed6753db4d',
      bytes: 77202,
      requirement: 'paho-mqtt==2.2.0',
    },
  ],
};
const WITHIN_MS = 60_000;
jest.setTimeout(3 * WITHIN_MS);

const profile = (port: number, more: string): string => `
agent: { id: a }
connections:
  - name: field
    protocol: mqtt-listener
    port: ${port}
    mqtt_listener: { topics: [{ topic: 'fleet/{device}/{what}', metric: '{what}', payload: number }] ${more} }
devices:
  - { id: d, connection: field, mqtt_listener: { token: token-of-d }, points: [{ metric: t }, { metric: s, writable: true }] }
`;

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'millrace-paho-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Rig {
  readonly adapter: MqttListenerAdapter;
  readonly agent: Observer;
  device(what: string): Promise<RunningPeer>;
}

async function withListener(version: string, secure: boolean, use: (rig: Rig) => Promise<void>): Promise<void> {
  const [port = 0] = await freePorts(1);
  const file = join(folder, 'listener.pem');
  const authority = secure ? new Authority(folder) : undefined;
  authority?.issue(file, 1);
  const more = secure ? `, cert_file: ${file}, key_file: ${file}` : '';
  const adapter = new MqttListenerAdapter(connectionOf(profile(port, more)), {
    ...{ clock: systemClock, random: Math.random, sequences: join(folder, 'taken.json') },
  });
  const agent = new Observer();
  adapter.start(agent);
  try {
    await until('listening', () => agent.links.some((l) => l.state === 'connected'), WITHIN_MS);
    const script = 'test/edge-agent/adapters/mqtt-listener/paho_device.py';
    const device = (what: string) => startPeer(PAHO, script, [what, version, `${port}`, authority?.file ?? '-']);
    await use({ adapter, agent, device });
  } finally {
    await adapter.close();
  }
}

const values = (agent: Observer): unknown[] => agent.good('d').map((s) => s.value);

test.each([
  ['3', false],
  ['5', true],
] as const)(
  'MQTT %s, TLS %s: each QoS is acknowledged and taken once, the will when the device vanishes',
  (version, secure) =>
    withListener(version, secure, async ({ agent, device }) => {
      const peer = await device('publish');
      expect([...values(agent)].sort()).toEqual([1, 2, 3]);
      await peer.stop();
      await until('the will', () => values(agent).includes(-1), WITHIN_MS);
      expect(values(agent)).toHaveLength(4);
    }),
);

test.each(['3', '5'])(
  'MQTT %s: a session is kept over connections, and hears its commands without subscribing again',
  (version) =>
    withListener(version, false, async ({ adapter, agent, device }) => {
      const first = await device('subscribe');
      await first.stop();
      const write = () => adapter.write({ device: 'd', metric: 's', value: 7, timeout_ms: WITHIN_MS });
      await expect(write()).rejects.toMatchObject({ certain: true });
      const second = await device('resume');
      await write();
      await until('what it heard', () => values(agent).includes(1007), WITHIN_MS);
      await second.stop();
      expect(values(agent)).toEqual([1007]);
    }),
);
