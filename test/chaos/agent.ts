/**
 * Releases of an agent by campaign, on a platform of its own: one that works, then one that falls over at its start. The agent and its
 * updates are the real ones, as `install.sh` puts them on a machine; only systemd is a loop here.
 *
 *   node dist/test/chaos/agent.js [--json]
 *
 * Exit 1 unless the first is in force at the end, the second was given three starts and put back, and no number is missing in SQL.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePorts } from '../../deploy/local/ports';
import { readRunFile } from '../../deploy/local/supervisor/run-file';
import { projectRoot } from '../../schemas/root';
import { Instance } from '../workflows/support/instance';
import { loadProfile } from '../workflows/support/load-profile';
import { campaign, pause, type Ran } from './support/campaigns';

const DEVICES = 5;
const SCAN_MS = 1_000;
/** As the unit has it. */
const RESTART_MS = 1_000;
const LIMIT_MS = 60_000;
const BODY = { stages: [{ percent: 100, soak_ms: 0 }], device_timeout_ms: 120_000 };
const AGENT = 'edge-1';

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const say = (line: string): void => void (values.json || console.log(line));

/** A machine with an agent: folders under a prefix, and what starts the agent for ever. */
class Machine {
  readonly prefix = mkdtempSync(join(tmpdir(), 'millrace-machine-'));
  readonly started: string[] = [];
  private agent: ChildProcess | undefined;
  private stopped = false;

  constructor(
    private readonly env: NodeJS.ProcessEnv,
    private readonly profile: string,
  ) {}

  /** Archive of a release: the agent of this build, or one that ends at once. */
  archive(name: string, works: boolean): Buffer {
    const folder = join(this.prefix, 'made', name);
    mkdirSync(join(folder, 'dist', 'edge-agent'), { recursive: true });
    const main = join(projectRoot(), 'dist', 'edge-agent', 'main.js');
    const text = works
      ? `/* ${name} */ require(${JSON.stringify(main)});`
      : `console.error('${name}'); process.exit(1);`;
    writeFileSync(join(folder, 'dist', 'edge-agent', 'main.js'), text);
    execFileSync('tar', ['-czf', `${folder}.tar.gz`, '-C', folder, 'dist']);
    return readFileSync(`${folder}.tar.gz`);
  }

  install(archive: Buffer, keys: string): void {
    const file = join(this.prefix, 'first.tar.gz');
    writeFileSync(file, archive);
    execFileSync('sh', [join(projectRoot(), 'deploy', 'systemd', 'install.sh'), file, this.prefix], { stdio: 'pipe' });
    copyFileSync(keys, join(this.prefix, 'etc', 'millrace', 'update-keys.pem'));
  }

  get inForce(): string {
    return readlinkSync(join(this.prefix, 'opt', 'millrace')).replace('millrace-releases/', '');
  }

  async run(): Promise<void> {
    const log = openSync(join(this.prefix, 'agent.log'), 'a');
    const main = join(this.prefix, 'opt', 'millrace', 'dist', 'edge-agent', 'main.js');
    const args = [main, 'run', '--profile', this.profile, '--data', join(this.prefix, 'var', 'lib', 'millrace')];
    for (; !this.stopped; await pause(RESTART_MS)) {
      spawnSync(this.tool, ['start'], { env: this.environment, stdio: ['ignore', log, log] });
      this.started.push(this.inForce);
      this.agent = spawn(process.execPath, args, {
        env: this.environment,
        stdio: ['ignore', log, log],
        detached: true,
      });
      const { agent } = this;
      await new Promise((resolve) => agent.once('exit', resolve));
      if (agent.pid !== undefined) spawnSync('kill', ['-KILL', '--', `-${agent.pid}`], { stdio: 'ignore' });
    }
  }

  stop(): void {
    this.stopped = true;
    this.agent?.kill('SIGTERM');
  }

  private get tool(): string {
    return join(this.prefix, 'opt', 'millrace-release');
  }

  private get environment(): NodeJS.ProcessEnv {
    return { ...this.env, MILLRACE_PREFIX: this.prefix, AGENT_RELEASE_TOOL: this.tool };
  }
}

async function environment(instance: Instance): Promise<NodeJS.ProcessEnv> {
  const { facts, dir } = instance;
  const [health] = await freePorts(1);
  const plant = readRunFile(dir.runFile)?.processes.find((p) => p.name === 'plant')?.address ?? '';
  return {
    ...{ ...process.env, ...facts, PLANT_PORT: new URL(plant).port, HEALTH_PORT: String(health) },
    ...{ AGENT_UPDATE_KEYS: dir.imageKeys.public, AGENT_IMAGES_URL: `${facts['API_URL']}/api/v1/images` },
    AGENT_IMAGES_TOKEN_FILE: dir.secrets.apiToken,
  };
}

async function missing(instance: Instance): Promise<number> {
  const [row] = await instance.sql<{ n: string }>(
    'SELECT sum(expected - frames) AS n FROM (SELECT uniqExact(seq) AS frames, max(seq) - min(seq) + 1 AS expected FROM readings GROUP BY device_id)',
  );
  return Number(row?.n ?? NaN);
}

async function version(instance: Instance): Promise<string> {
  const query = `SELECT value_text FROM latest_values WHERE device_id = '${AGENT}' AND metric = 'image_version'`;
  return (await instance.sql<{ value_text: string }>(query))[0]?.value_text ?? '';
}

async function main(): Promise<void> {
  const instance = await Instance.start(loadProfile(DEVICES, SCAN_MS), ['agent', 'presence', 'first reading']);
  const machine = new Machine(await environment(instance), join(instance.dir.path, '..', 'profile.yaml'));
  try {
    machine.install(machine.archive('first', true), instance.dir.imageKeys.public);
    const running = machine.run();
    await instance.bulk(`${JSON.stringify({ device_id: AGENT, model: 'agent', agent_id: AGENT })}\n`);
    const put = async (name: string, works: boolean, counter: number): Promise<Ran & { took_s: number }> => {
      const begun = Date.now();
      const of = { content: machine.archive(name, works), model: 'agent', counter, body: BODY };
      const ran = await campaign(instance, { ...of, meanwhile: () => Promise.resolve() });
      const took_s = (Date.now() - begun) / 1_000;
      say(`${name}: ${ran.state.phase} after ${took_s} s ${ran.state.detail}`);
      return { ...ran, took_s };
    };
    const good = await put('good', true, 1);
    const bad = await put('bad', false, 2);
    for (const end = Date.now() + LIMIT_MS; Date.now() < end && (await version(instance)) !== '1.0';)
      await pause(1_000);
    await report(instance, machine, good, bad);
    machine.stop();
    await running;
  } finally {
    machine.stop();
    await instance.stop();
    rmSync(machine.prefix, { recursive: true, force: true });
  }
}

async function report(
  instance: Instance,
  machine: Machine,
  good: Ran & { took_s: number },
  bad: Ran & { took_s: number },
): Promise<void> {
  const name = ({ sha256 }: Ran): string => sha256.slice(0, 16);
  const [row] = await instance.sql<{ detail: string }>(
    "SELECT detail FROM commands WHERE name = 'millrace.update' AND state = 'failed' LIMIT 1",
  );
  const found = {
    ...{ good: good.state.phase, good_s: good.took_s, bad: bad.state.phase, bad_s: bad.took_s, why: row?.detail ?? '' },
    starts_of_bad: machine.started.filter((s) => s === name(bad)).length,
    ...{ version_in_sql: await version(instance), missing: await missing(instance) },
  };
  console.log(JSON.stringify(found));
  const well = found.good === 'done' && found.bad === 'rolled-back' && found.starts_of_bad === 3 && found.missing === 0;
  process.exitCode = well && machine.inForce === name(good) && found.version_in_sql === '1.0' ? 0 : 1;
}

void main();
