/**
 * A campaign for ten thousand devices with an image that a tenth of them cannot run, while every process is killed once: it must
 * halt in its first stage, no device may be given the image twice, and each must run what it came with in the end. The
 * devices are simulated, in a process of their own that is killed, too; orders and answers go over the broker.
 *
 *   node dist/test/chaos/fleet.js [--devices 10000] [--install 15000] [--seed 1] [--json]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Instance } from '../workflows/support/instance';
import { loadProfile } from '../workflows/support/load-profile';
import { campaign, killAll, pause, type Ran } from './support/campaigns';
import { fleetFaults, type Happened, readJournal } from './support/fleet-journal';
import { Random } from './support/random';

const VICTIMS = [
  'worker',
  'relay',
  'api',
  'registry',
  'projector',
  'clickhouse',
  'schema-registry',
  'kafka',
  'temporal',
];
const AGENT = 'fleet';
const MODEL = 'simulated';
const FAILING_PERCENT = 10;
const FIRST_STAGE_PERCENT = 1;
const STAGES = [FIRST_STAGE_PERCENT, 10, 50, 100].map((percent) => ({ percent, soak_ms: 0 }));
const BODY = { stages: STAGES, rate_per_s: 20, in_flight: 20, failure_percent: 5, device_timeout_ms: 300_000 };
const LINES_PER_UPLOAD = 2_500;
const RESTART_MS = 2_000;

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '10000' },
    install: { type: 'string', default: '15000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

const say = (text: string): void => {
  if (!values.json) console.log(`${Math.round(performance.now() / 1_000)} s: ${text}`);
};

void main(Number(values.devices), Number(values.install), Number(values.seed));

async function main(devices: number, install_ms: number, seed: number): Promise<void> {
  const random = new Random(seed);
  const instance = await Instance.start(loadProfile(1, 60_000), ['presence']);
  const fleet = new FleetProcess(instance, install_ms);
  try {
    for (let from = 0; from < devices; from += LINES_PER_UPLOAD)
      await instance.bulk(linesOf(from, Math.min(devices, from + LINES_PER_UPLOAD)));
    say(`${devices} devices are registered`);
    fleet.start();
    const killed: Record<string, string> = {};
    const meanwhile = async (phase: () => string): Promise<void> => {
      const note = (victim: string): void => {
        killed[victim] = phase();
        say(`killed ${victim} while ${phase()}`);
      };
      await pause(install_ms);
      note('fleet');
      await fleet.kill();
      await killAll(instance, VICTIMS, random, note);
    };
    const begun = performance.now();
    const ran = await campaign(instance, { content: `BAD ${seed}`, model: MODEL, counter: 1, body: BODY, meanwhile });
    report({ devices, killed, ran, seconds: (performance.now() - begun) / 1_000, journal: fleet.journal });
  } finally {
    fleet.stop();
    await instance.stop();
  }
}

const linesOf = (from: number, to: number): string =>
  Array.from(
    { length: to - from },
    (_, i) =>
      `${JSON.stringify({ device_id: `sim-${from + i}`, model: MODEL, agent_id: AGENT, path: 'plant/line' })}\n`,
  ).join('');

/** The devices' process, started again when it was killed. */
class FleetProcess {
  private readonly dir = mkdtempSync(join(tmpdir(), 'millrace-fleet-'));
  private child: ChildProcess | undefined;

  constructor(
    private readonly instance: Instance,
    private readonly install_ms: number,
  ) {}

  get journal(): readonly Happened[] {
    return readJournal(join(this.dir, 'journal.jsonl'));
  }

  start(): void {
    const facts = join(this.dir, 'facts.json');
    writeFileSync(facts, JSON.stringify(this.instance.facts));
    const log = openSync(join(this.dir, 'fleet.log'), 'a');
    const program = join(__dirname, 'support', 'fleet.js');
    const args = [
      program,
      facts,
      AGENT,
      join(this.dir, 'journal.jsonl'),
      String(this.install_ms),
      String(FAILING_PERCENT),
    ];
    const child = spawn(process.execPath, args, { stdio: ['ignore', log, log] });
    this.child = child;
    // Whatever ends it: the broker may have been away for longer than it bears.
    child.once('exit', () => setTimeout(() => this.child === child && this.start(), RESTART_MS));
  }

  async kill(): Promise<void> {
    this.child?.kill('SIGKILL');
    await pause(RESTART_MS);
  }

  stop(): void {
    const { child } = this;
    this.child = undefined;
    child?.kill('SIGKILL');
    if (!values.json && process.exitCode !== 0)
      console.log(readFileSync(join(this.dir, 'fleet.log'), 'utf8').slice(-1_000));
    rmSync(this.dir, { recursive: true, force: true });
  }
}

interface Result {
  readonly devices: number;
  readonly killed: Readonly<Record<string, string>>;
  readonly ran: Ran;
  readonly seconds: number;
  readonly journal: readonly Happened[];
}

function report({ devices, killed, ran: { state }, seconds, journal }: Result): void {
  const count = (what: Happened['what']): number => journal.filter((h) => h.what === what).length;
  const first_stage = Math.ceil((devices * FIRST_STAGE_PERCENT) / 100);
  const late = Object.keys(killed).filter((victim) => killed[victim] === 'rolled-back');
  const faults = [
    ...fleetFaults(journal, first_stage),
    ...(state.devices === devices ? [] : [`the campaign found ${state.devices} of ${devices} devices`]),
    ...(state.phase === 'rolled-back' ? [] : [`the campaign is ${state.phase}: ${state.detail}`]),
    ...(state.stages.length === 1 ? [] : [`${state.stages.length} stages were begun`]),
    ...(late.length === 0 ? [] : [`killed after the end: ${late.join(', ')}; take a longer --install`]),
  ];
  const [applied, failed, back] = [count('apply'), count('failed'), count('back')];
  const figures = { touched: applied + failed, first_stage, applied, failed, put_back: back };
  console.log(
    JSON.stringify({ seed: Number(values.seed), devices, seconds: Math.round(seconds), ...figures, killed, faults }),
  );
  process.exitCode = faults.length === 0 ? 0 : 1;
}
