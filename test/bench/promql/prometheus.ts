/** A Prometheus that scrapes the processes of one instance. No registry of ours has it: it is Debian's, or the user's own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { stringify } from 'yaml';

const READY_MS = 60_000;
const LOOK_MS = 200;
export const SCRAPE_S = 1;

export interface Target {
  readonly component: string;
  /** host:port */
  readonly address: string;
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** Folder with `prometheus` and `promtool`: the one given, or the first on PATH that has both. */
export function binaries(given: string | undefined): string {
  const dirs = given === undefined ? (process.env['PATH'] ?? '').split(delimiter) : [given];
  const found = dirs.find((dir) => existsSync(join(dir, 'prometheus')) && existsSync(join(dir, 'promtool')));
  if (found !== undefined) return found;
  const hint =
    'on Debian: apt-get download prometheus && dpkg-deb -x prometheus_*.deb DIR, then --prometheus DIR/usr/bin';
  throw new Error(`there is no prometheus and promtool in ${given ?? 'PATH'}; ${hint}`);
}

/** Throws with promtool's words when it would not take the rules. */
export const checkRules = (bin: string, file: string): string =>
  execFileSync(join(bin, 'promtool'), ['check', 'rules', file], { encoding: 'utf8' });

export class Prometheus {
  private constructor(
    private readonly child: ChildProcess,
    private readonly dir: string,
    private readonly url: string,
  ) {}

  static async start(bin: string, port: number, targets: readonly Target[]): Promise<Prometheus> {
    const dir = mkdtempSync(join(tmpdir(), 'millrace-prometheus-'));
    const static_configs = targets.map(({ component, address }) => ({
      ...{ targets: [address], labels: { component, pod: `${component}-0`, namespace: 'bench' } },
    }));
    const config = join(dir, 'prometheus.yml');
    const global = { scrape_interval: `${SCRAPE_S}s`, scrape_timeout: `${SCRAPE_S}s` };
    writeFileSync(config, stringify({ global, scrape_configs: [{ job_name: 'millrace', static_configs }] }));
    const address = `127.0.0.1:${port}`;
    const flags = { 'config.file': config, 'storage.tsdb.path': join(dir, 'data'), 'web.listen-address': address };
    const args = [...Object.entries(flags).map(([k, v]) => `--${k}=${v}`), '--log.level=warn'];
    const child = spawn(join(bin, 'prometheus'), args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const prometheus = new Prometheus(child, dir, `http://${address}`);
    const end = Date.now() + READY_MS;
    while (
      !(await fetch(`http://${address}/-/ready`).then(
        (a) => a.ok,
        () => false,
      ))
    ) {
      if (Date.now() > end || child.exitCode !== null) throw new Error('Prometheus did not become ready');
      await new Promise((r) => setTimeout(r, LOOK_MS));
    }
    return prometheus;
  }

  /** Throws with Prometheus' own words for an expression that it refuses. */
  async query(promql: string): Promise<Sample[]> {
    const answer = await this.get<{ resultType: string; result: Sample[] }>(
      `query?query=${encodeURIComponent(promql)}`,
    );
    return answer.result;
  }

  /** Names of all metrics it has a sample of. */
  names(): Promise<string[]> {
    return this.get('label/__name__/values');
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    if (this.child.exitCode === null && this.child.kill('SIGTERM')) await ended;
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async get<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1/${path}`, { signal: AbortSignal.timeout(10_000) });
    const { status, error, data } = (await answer.json()) as { status: string; error?: string; data: T };
    if (status !== 'success') throw new Error(`${path}: ${error}`);
    return data;
  }
}
