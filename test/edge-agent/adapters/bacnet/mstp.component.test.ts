/** Our adapter and a simulated device as two masters of MS/TP on a serial cable made of pseudo terminals. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BacnetAdapter } from '../../../../edge-agent/adapters/bacnet/adapter';
import { MstpTransport } from '../../../../edge-agent/adapters/bacnet/mstp/transport';
import { systemClock } from '../../../../edge-agent/io/clock';
import { BacnetPlant, INSTANCES } from '../../../../deploy/local/plant/bacnet/plant';
import { Observer, until } from '../../../contract/adapter/observer';
import { connectionOf } from '../../plan-of';
import { Cable } from '../modbus/pty';

const WAIT_MS = 60_000;
jest.setTimeout(3 * WAIT_MS);

const profile = (port: string): string => `
agent: { id: a }
connections:
  - name: line
    protocol: bacnet
    timeout_ms: 2000
    backoff: { initial_ms: 100, max_ms: 500 }
    serial: { device: ${port}, baud_rate: 115200 }
    bacnet: { link: mstp, station: 1, max_master: 4 }
devices:
  - { id: by-mac, connection: line, scan_ms: 200, bacnet: { mac: 3 }, points: [{ metric: temperature, object: "analog-input,1" }, { metric: setpoint, object: "analog-value,1", writable: true }] }
  - { id: by-instance, connection: line, scan_ms: 200, bacnet: { instance: ${INSTANCES.boiler} }, points: [{ metric: temperature, object: "analog-input,1" }] }
`;

test('a device is found by its address and by its instance, read, written and read back; the ring closes again after a cut', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-mstp-'));
  const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')];
  let cable = await Cable.lay(ours, theirs);
  const station = { baud_rate: 115_200, station: 3, max_master: 4, max_info_frames: 1 };
  const transport = () => new MstpTransport({ device: theirs, ...station });
  const boiler = new BacnetPlant({ host: '', port: 0, dataDir: folder, transport });
  await boiler.start();
  const adapter = new BacnetAdapter(connectionOf(profile(ours)), { clock: systemClock, random: Math.random });
  const agent = new Observer();
  try {
    adapter.start(agent);
    const both = (): boolean => ['by-mac', 'by-instance'].every((d) => agent.good(d).length > 0);
    await until('both answer', both, WAIT_MS);
    await adapter.write({ device: 'by-mac', metric: 'setpoint', value: 70, timeout_ms: WAIT_MS });
    expect(await adapter.read('by-mac', 'setpoint', WAIT_MS)).toMatchObject({ value: 70, quality: 0 });
    expect(boiler.writes.last).toMatchObject({ object: '2,1', value: 70 });
    await boiler.stop();
    await cable.cut();
    await until('it knows', () => agent.bad('by-mac').length > 0, WAIT_MS);
    cable = await Cable.lay(ours, theirs);
    await boiler.start();
    agent.forget();
    await until('both answer again', both, WAIT_MS);
  } finally {
    await adapter.close();
    await boiler.stop();
    await cable.cut();
    rmSync(folder, { recursive: true, force: true });
  }
});
