/** Our client against simulated devices over real datagrams: every type, priorities, changes, small devices, discovery. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Sample } from '../../../../edge-agent/adapter';
import { BacnetAdapter } from '../../../../edge-agent/adapters/bacnet/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { discover } from '../../../../edge-agent/verbs/bacnet';
import { BacnetPlant, INSTANCES } from '../../../../deploy/local/plant/bacnet/plant';
import { freePorts } from '../../../../deploy/local/ports';
import { connectionOf } from '../../plan-of';

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 30_000; !holds(); await sleep(20))
    if (performance.now() > end) throw new Error(`not within 30 s: ${what}`);
}

const profile = (own: number, port: number): string => `
agent: { id: a }
connections: [{ name: net, protocol: bacnet, timeout_ms: 5000, bacnet: { interface: 127.0.0.1, port: ${own} } }]
devices:
  - id: boiler
    connection: net
    scan_ms: 100
    bacnet: { address: "127.0.0.1:${port}", priority: 10, max_objects: 4 }
    points:
      - { metric: temperature, object: "analog-input,1", bacnet: { cov: true } }
      - { metric: flue, object: "analog-input,2" }
      - { metric: flame, object: "binary-input,1", type: bool }
      - { metric: stage, object: "multi-state-value,1" }
      - { metric: serial, object: "character-string-value,1" }
      - { metric: setpoint, object: "analog-value,1", writable: true }
      - { metric: override, object: "analog-value,1", type: bool, writable: true, bacnet: { override: true } }
      - { metric: nowhere, object: "analog-input,99" }
`;

test.each([
  ['that knows ReadPropertyMultiple', false],
  ['that does not', true],
])(
  'a device %s',
  async (_, simple) => {
    const [own = 0, first = 0] = await freePorts(2);
    const port = first > 64_000 ? first - 2_000 : first;
    const plant = new BacnetPlant({ host: '127.0.0.1', port, dataDir: '', simple });
    await plant.start();
    const last = new Map<string, Sample>();
    let temperatures = 0;
    const adapter = new BacnetAdapter(connectionOf(profile(own, port)), { clock: systemClock, random: Math.random });
    adapter.start({
      samples: ({ samples }) => {
        for (const s of samples) {
          last.set(s.metric, s);
          if (s.metric === 'temperature') temperatures++;
        }
      },
      link: () => undefined,
      ready: () => Promise.resolve(),
    });
    await until('all points', () => last.size === 8);
    expect(last.get('temperature')).toMatchObject({ quality: 0, value: expect.any(Number) as number });
    expect(last.get('flue')).toMatchObject({ quality: 71 });
    expect(last.get('flame')).toMatchObject({ quality: 0, value: expect.any(Boolean) as boolean });
    expect(last.get('stage')).toMatchObject({ quality: 0, value: 3 });
    expect(last.get('serial')).toMatchObject({ quality: 0, value: 'MILLRACE' });
    expect(last.get('override')).toMatchObject({ quality: 0, value: false });
    expect(last.get('nowhere')).toMatchObject({ quality: 67 });
    // Read every 10 s only: what comes more often was told by the device.
    const before = temperatures;
    await until('changes told', () => temperatures > before + 3);
    await adapter.write({ device: 'boiler', metric: 'setpoint', value: 71.5, timeout_ms: 5_000 });
    expect(plant.writes.last).toMatchObject({ value: 71.5, priority: 10 });
    await until('the override', () => last.get('override')?.value === true);
    await adapter.write({ device: 'boiler', metric: 'override', value: false, timeout_ms: 5_000 });
    expect(plant.writes.last).toMatchObject({ value: null, priority: 10 });
    await until('given back', () => last.get('override')?.value === false && last.get('setpoint')?.value !== 71.5);
    await adapter.close();
    await plant.stop();
  },
  60_000,
);

test('devices are found by Who-Is', async () => {
  const [own = 0, port = 0] = await freePorts(2);
  const plant = new BacnetPlant({ host: '127.0.0.1', port: port > 64_000 ? port - 2_000 : port, dataDir: '' });
  await plant.start();
  const told: string[] = [];
  const output = { out: (t: string) => void told.push(t), err: () => undefined };
  const at = port > 64_000 ? port - 2_000 : port;
  const asked = { interface: '127.0.0.1', port: own, broadcast: `127.0.0.1:${at}` };
  expect(await discover(asked, 1_000, output)).toBe(0);
  expect(told.join('\n')).toContain(`instance: ${INSTANCES.boiler}`);
  await plant.stop();
}, 60_000);
