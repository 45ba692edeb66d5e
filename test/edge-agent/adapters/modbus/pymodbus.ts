/** pymodbus as a server in a process of its own. */
import { freePorts } from '../../../../deploy/local/ports';
import { type PythonPeer, type RunningPeer, startPeer } from '../../../support/python-peer';

const PYMODBUS: PythonPeer = {
  folder: 'pymodbus-3.16.1-serial',
  title: 'pymodbus',
  version: '3.16.1',
  wheels: [
    {
      file: 'pymodbus-3.16.1-py3-none-any.whl',
      sha256: 'bb433f7417280bdea1190d95495aa6fb8e1fa8e0d720c436922b270bc378024c',
      bytes: 167870,
      requirement: 'pymodbus==3.16.1',
    },
    {
      file: 'pyserial-3.5-py2.py3-none-any.whl',
      sha256: 'c4451db6ba391ca6ca299fb3ec7bae67a5c55dde170964c7a14ceefec02f2cf0',
      bytes: 90585,
      requirement: 'pyserial==3.5',
    },
  ],
};

export interface PymodbusServer extends RunningPeer {
  /** Where it listens: a port of TCP, or a serial port. */
  readonly port: number | string;
}

/** On a free port of TCP, or at a serial port that is there already. */
export async function startPymodbus(framer: 'socket' | 'rtu', serialPort?: string): Promise<PymodbusServer> {
  const port = serialPort ?? (await freePorts(1))[0] ?? 0;
  const peer = await startPeer(PYMODBUS, 'test/edge-agent/adapters/modbus/pymodbus_server.py', [String(port), framer]);
  return { ...peer, port };
}
