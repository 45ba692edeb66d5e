/** pymodbus, installed in the project's own folder, as a server in a process of its own. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type LockedComponent } from '../../../../deploy/local/install/lock-file';
import { installWithPip } from '../../../../deploy/local/install/pip';
import { freePorts } from '../../../../deploy/local/ports';
import { projectRoot } from '../../../../schemas/root';

const PYMODBUS: LockedComponent = {
  title: 'pymodbus',
  version: '3.16.1',
  source: 'pypi',
  unpack: false,
  artifacts: [
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

/** Folder for PYTHONPATH; fetched when it is not there yet. */
async function ensurePymodbus(): Promise<string> {
  const base = join(projectRoot(), '.millrace', 'pytest-deps');
  const folder = join(base, `pymodbus-${PYMODBUS.version}-serial`);
  if (existsSync(folder)) return folder;
  mkdirSync(base, { recursive: true });
  const work = mkdtempSync(join(base, '.work-'));
  try {
    await installWithPip(PYMODBUS, join(work, 'installed'), work);
    if (!existsSync(folder)) renameSync(join(work, 'installed'), folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}

export interface PymodbusServer {
  /** Where it listens: a port of TCP, or a serial port. */
  readonly port: number | string;
  stop(): Promise<void>;
}

/** On a free port of TCP, or at a serial port that is there already. */
export async function startPymodbus(framer: 'socket' | 'rtu', serialPort?: string): Promise<PymodbusServer> {
  const PYTHONPATH = await ensurePymodbus();
  const port = serialPort ?? (await freePorts(1))[0] ?? 0;
  const script = join(projectRoot(), 'test/edge-agent/adapters/modbus/pymodbus_server.py');
  // Its standard input ends with this process, and with it the server, however this process ends.
  const child = spawn('python3', [script, String(port), framer], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PYTHONPATH, PYTHONDONTWRITEBYTECODE: '1' },
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('error', reject);
    void exited.then(() => reject(new Error('the pymodbus server ended before it listened')));
  });
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await exited;
  };
  return { port, stop };
}
