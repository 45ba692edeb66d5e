/** Peers by others, in Python: fetched into the project's own folder with their hashes checked, run as processes of their own. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type LockedArtifact, type LockedComponent } from '../../deploy/local/install/lock-file';
import { installWithPip } from '../../deploy/local/install/pip';
import { projectRoot } from '../../schemas/root';

export interface PythonPeer {
  /** Of the folder it is kept in: another set of wheels needs another name. */
  readonly folder: string;
  readonly title: string;
  readonly version: string;
  readonly wheels: readonly LockedArtifact[];
}

export interface RunningPeer {
  stop(): Promise<void>;
}

/** Folder for PYTHONPATH; fetched when it is not there yet. */
async function ensure({ folder: name, title, version, wheels }: PythonPeer): Promise<string> {
  const base = join(projectRoot(), '.millrace', 'pytest-deps');
  const folder = join(base, name);
  if (existsSync(folder)) return folder;
  mkdirSync(base, { recursive: true });
  const work = mkdtempSync(join(base, '.work-'));
  const component: LockedComponent = { title, version, source: 'pypi', unpack: false, artifacts: wheels };
  try {
    await installWithPip(component, join(work, 'installed'), work);
    if (!existsSync(folder)) renameSync(join(work, 'installed'), folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}

/** Resolves when the script has printed its first line. `script`: a path from the project's root. */
export async function startPeer(peer: PythonPeer, script: string, args: readonly string[]): Promise<RunningPeer> {
  const PYTHONPATH = await ensure(peer);
  // Its standard input ends with this process, and with it the peer, however this process ends.
  const child = spawn('python3', [join(projectRoot(), script), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PYTHONPATH, PYTHONDONTWRITEBYTECODE: '1' },
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('error', reject);
    void exited.then(() => reject(new Error(`${script} ended before it was ready`)));
  });
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await exited;
  };
  return { stop };
}
