/** Releases of the agent on a bare machine: systemd is a loop here, the releases are real processes that work, fall over, or do not ship. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../../deploy/local/ports';
import { projectRoot } from '../../../schemas/root';

jest.setTimeout(120_000);

const systemd = join(projectRoot(), 'deploy', 'systemd');
type Kind = 'good' | 'bad' | 'sick';

/** What an agent does of it: says how it is, and carries out the order on its disk, from its beginning after each start. */
const AGENT = `
const { execFile } = require('node:child_process');
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require('node:fs');
const [box, kind, name] = [process.env.MILLRACE_PREFIX, 'KIND', 'NAME'];
if (process.argv[2] === 'verify-image') {
  const manifest = readFileSync(process.argv[process.argv.indexOf('--manifest') + 1], 'utf8');
  if (manifest !== 'signed') console.error('unsigned: 0 valid signatures');
  process.exit(manifest === 'signed' ? 0 : 1);
}
appendFileSync(box + '/starts', name + ' ');
if (kind === 'bad') process.exit(1);
const state = kind === 'sick' ? 'backing-off' : 'idle';
const answer = (q, r) => r.end(JSON.stringify({ shipper: { state } }));
require('node:http').createServer(answer).listen(Number(process.env.HEALTH_PORT), '127.0.0.1');
const tool = (verb, { sha256, image }) => new Promise((resolve) =>
  execFile(box + '/opt/millrace-release', [verb, 'edge-1', 'agent', sha256, image], (e, out, err) => resolve(e ? err.trim() || 'failed' : '')));
(async () => {
  if (!existsSync(box + '/order') || existsSync(box + '/outcome')) return;
  const order = JSON.parse(readFileSync(box + '/order', 'utf8'));
  process.env.MILLRACE_MANIFEST = order.manifest;
  const broken = (await tool('apply', order)) || (await tool('check', order));
  if (broken) await tool('rollback', order);
  writeFileSync(box + '/outcome', broken || 'done');
})();
`;

class Box {
  readonly path = mkdtempSync(join(tmpdir(), 'millrace-box-'));
  private constructor(private readonly env: NodeJS.ProcessEnv) {}

  /** With a release that works in force. */
  static async make(): Promise<Box> {
    const [port] = await freePorts(1);
    const box = new Box({ ...process.env, HEALTH_PORT: String(port), HEALTH_HOST: '127.0.0.1', MILLRACE_READY_S: '1' });
    box.env['MILLRACE_PREFIX'] = box.path;
    execFileSync(join(systemd, 'install.sh'), [box.archive('old', 'good').file, box.path], { stdio: 'pipe' });
    return box;
  }

  archive(name: string, kind: Kind): { file: string; sha256: string } {
    const folder = join(this.path, 'made', name);
    mkdirSync(join(folder, 'dist', 'edge-agent'), { recursive: true });
    writeFileSync(join(folder, 'dist', 'edge-agent', 'main.js'), AGENT.replace('KIND', kind).replace('NAME', name));
    const file = `${folder}.tar.gz`;
    execFileSync('tar', ['-czf', file, '-C', folder, 'dist']);
    return { file, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') };
  }

  /** Resolves with what became of the order, and which releases were started. */
  async order(
    image: { file: string; sha256: string },
    manifest = 'signed',
  ): Promise<{ outcome: string; starts: string }> {
    rmSync(join(this.path, 'outcome'), { force: true });
    rmSync(join(this.path, 'starts'), { force: true });
    writeFileSync(join(this.path, 'order'), JSON.stringify({ sha256: image.sha256, image: image.file, manifest }));
    for (let starts = 0; starts < 8 && !existsSync(join(this.path, 'outcome')); starts++) await this.startOnce();
    return { outcome: this.text('outcome'), starts: this.text('starts').trim() };
  }

  /** As the unit does: before each start, the program of root's; then the agent, to its end or to the order's. */
  async startOnce(): Promise<void> {
    const before = spawnSync(join(this.path, 'opt', 'millrace-release'), ['start'], {
      env: this.env,
      encoding: 'utf8',
    });
    if (before.status !== 0) throw new Error(before.stderr);
    const main = join(this.path, 'opt', 'millrace', 'dist', 'edge-agent', 'main.js');
    const agent = spawn(process.execPath, [main, 'run'], { env: this.env, stdio: 'ignore', detached: true });
    const ended = new Promise<void>((resolve) => agent.once('exit', () => resolve()));
    const look = setInterval(() => existsSync(join(this.path, 'outcome')) && agent.kill('SIGKILL'), 50);
    await ended;
    clearInterval(look);
    // What the agent left behind ends with it, as systemd has it.
    if (agent.pid !== undefined) spawnSync('kill', ['-KILL', '--', `-${agent.pid}`]);
  }

  get inForce(): string {
    return readlinkSync(join(this.path, 'opt', 'millrace')).replace('millrace-releases/', '');
  }

  get onTrial(): boolean {
    return existsSync(join(this.path, 'opt', 'millrace-releases', 'trial'));
  }

  private text(name: string): string {
    return existsSync(join(this.path, name)) ? readFileSync(join(this.path, name), 'utf8') : '';
  }
}

let box: Box;
beforeEach(async () => (box = await Box.make()));
afterEach(() => rmSync(box.path, { recursive: true, force: true }));

test('a release that works is put in force, stays, and can be put back by order', async () => {
  const old = box.inForce;
  const next = box.archive('next', 'good');
  expect(await box.order(next)).toEqual({ outcome: 'done', starts: 'old next' });
  expect(box.inForce).toBe(next.sha256.slice(0, 16));
  writeFileSync(join(box.path, 'var', 'lib', 'millrace', 'release', 'back'), `${next.sha256} campaign\n`);
  await Promise.all([box.order(box.archive('other', 'good'), 'not signed')]);
  expect([box.inForce, box.onTrial]).toEqual([old, false]);
});

test('one that falls over gets three starts; the one before says why, and the same may be tried again', async () => {
  const old = box.inForce;
  const bad = box.archive('next', 'bad');
  const found = { outcome: 'it did not work in 3 starts', starts: 'old next next next old' };
  expect(await box.order(bad)).toEqual(found);
  expect([box.inForce, box.onTrial]).toEqual([old, false]);
  expect(await box.order(bad)).toEqual(found);
});

test('one that runs and does not ship puts itself back', async () => {
  const old = box.inForce;
  const { outcome, starts } = await box.order(box.archive('next', 'sick'));
  expect(outcome).toBe('put back: it does not ship: {"state":"backing-off"}');
  expect([starts, box.inForce, box.onTrial]).toEqual(['old next old', old, false]);
});

test('root does not believe the agent: what nobody signed, or is something else than was signed, is never unpacked', async () => {
  const old = box.inForce;
  const next = box.archive('next', 'good');
  expect(await box.order(next, 'forged')).toEqual({ outcome: 'unsigned: 0 valid signatures', starts: 'old old' });
  const other = { ...next, sha256: createHash('sha256').update('other').digest('hex') };
  expect(await box.order(other)).toEqual({ outcome: 'it is not the release that was asked for', starts: 'old old' });
  expect(box.inForce).toBe(old);
});
