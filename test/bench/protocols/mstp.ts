/** MS/TP: the agent and one device on a serial cable of pseudo terminals, where no time goes by on the wire itself. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cable } from '../../edge-agent/adapters/modbus/pty';
import { bacnetBoiler, names, type ProtocolRig } from './rig';

/** As many devices of the profile as there are on a line, each by the address of the only one: it is asked for all of them. */
const MOST_DEVICES = 30;

export const mstp: ProtocolRig = {
  name: 'bacnet, MS/TP',
  async start({ devices, period_ms }) {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-mstp-'));
    const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')];
    const cable = await Cable.lay(ours, theirs);
    const boiler = fork(join(__dirname, 'mstp-boiler.js'), [theirs], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    await once(boiler, 'message');
    const sections = names(Math.min(devices, MOST_DEVICES)).map(
      (id) => `  - { id: ${id}, connection: line, model: boiler, bacnet: { mac: 3 } }`,
    );
    const profile = `agent: { id: bench }
connections:
  - name: line
    protocol: bacnet
    serial: { device: ${ours}, baud_rate: 115200 }
    bacnet: { link: mstp, station: 1, max_master: 4, max_info_frames: 20 }
${bacnetBoiler(period_ms)}devices:
${sections.join('\n')}
`;
    const stop = async (): Promise<void> => {
      boiler.kill('SIGKILL');
      await cable.cut();
      rmSync(folder, { recursive: true, force: true });
    };
    return { profile, stop };
  },
};
