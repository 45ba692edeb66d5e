/**
 * Every expression of the alerts and dashboards, evaluated by Prometheus on a platform that runs.
 *
 *   node dist/test/bench/promql.js [--prometheus DIR] [--seconds 45] [--json]
 *
 * promtool checks the rules; Prometheus scrapes every process while commands run, and is asked everything. Then one process is
 * stopped (SIGSTOP), and the alert that it is down must become true. Exit 1 when an expression is refused, when an alert on a cause is
 * true of a platform that is well, or when the one of the stopped process is not.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePorts } from '../../deploy/local/ports';
import { readRunFile } from '../../deploy/local/supervisor/run-file';

import { projectRoot } from '../../schemas/root';
import { Instance } from '../workflows/support/instance';
import { deviceOf, loadProfile, SLOT_COMMAND } from '../workflows/support/load-profile';
import { type Expression, expressions, metricsIn } from './promql/expressions';
import { binaries, checkRules, Prometheus, type Target } from './promql/prometheus';

const DEVICES = 20;
const LIMIT_MS = 30_000;
/** The process that is stopped: nothing else waits for it. */
const VICTIM = 'relay';
const { values } = parseArgs({
  options: {
    prometheus: { type: 'string' },
    seconds: { type: 'string', default: '45' },
    json: { type: 'boolean', default: false },
  },
});
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Answer extends Expression {
  readonly series: number;
  readonly refused?: string;
  /** Metrics it names of which nobody has told a sample yet. */
  readonly untold: readonly string[];
}

function targets(instance: Instance): Target[] {
  const run = readRunFile(instance.dir.runFile);
  return (run?.processes ?? []).flatMap(({ name, metrics }) =>
    metrics === null ? [] : [{ component: name, address: new URL(metrics).host }],
  );
}

async function load(instance: Instance, seconds: number): Promise<void> {
  for (let second = 1; second <= seconds; second++) {
    const body = { name: SLOT_COMMAND, args: { value: second }, qos: 1, timeout_ms: 30_000 };
    await instance.api('POST', `/devices/${deviceOf(second % DEVICES)}/commands`, body);
    await pause(1_000);
  }
}

async function ask(prometheus: Prometheus): Promise<Answer[]> {
  const told = new Set(await prometheus.names());
  const answers: Answer[] = [];
  for (const e of expressions()) {
    const untold = metricsIn(e.promql).filter((m) => !told.has(m));
    try {
      answers.push({ ...e, series: (await prometheus.query(e.promql)).length, untold });
    } catch (error) {
      answers.push({ ...e, series: 0, refused: (error as Error).message, untold });
    }
  }
  return answers;
}

/** Seconds until the alert of a process that does not answer is true of it. */
async function downIsSeen(instance: Instance, prometheus: Prometheus): Promise<number | undefined> {
  const down = expressions().find((e) => e.where === 'MillraceDown')?.promql ?? '';
  const pid = instance.pid(VICTIM);
  if (pid === undefined) throw new Error(`${VICTIM} does not run`);
  process.kill(pid, 'SIGSTOP');
  const begun = Date.now();
  try {
    while (Date.now() < begun + LIMIT_MS) {
      const seen = await prometheus.query(down);
      if (seen.some((s) => s.metric['component'] === VICTIM)) return (Date.now() - begun) / 1_000;
      await pause(200);
    }
    return undefined;
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

async function main(): Promise<void> {
  const bin = binaries(values.prometheus);
  const rules = checkRules(bin, join(projectRoot(), 'deploy', 'helm', 'millrace', 'files', 'rules.yaml'));
  const instance = await Instance.start(loadProfile(DEVICES, 1_000));
  let prometheus: Prometheus | undefined;
  try {
    const [port = 0] = await freePorts(1);
    prometheus = await Prometheus.start(bin, port, targets(instance));
    await load(instance, Number(values.seconds));
    const answers = await ask(prometheus);
    const down_s = await downIsSeen(instance, prometheus);
    report(rules.trim().split('\n').at(-1)?.trim() ?? '', answers, down_s);
  } finally {
    await prometheus?.stop();
    await instance.stop();
  }
}

function report(rules: string, answers: readonly Answer[], down_s: number | undefined): void {
  const refused = answers.filter((a) => a.refused !== undefined);
  const alight = answers.filter((a) => a.alert && a.series > 0);
  // A platform that has just started on a busy machine does spend its budget of freshness.
  const firing = alight.filter((a) => !/Burn\d+[hd]$/.test(a.where));
  const panels = answers.filter((a) => !a.alert);
  const silent = panels.filter((a) => a.series === 0 && a.refused === undefined);
  const found = {
    ...{ rules, expressions: answers.length, refused: refused.length },
    ...{
      alerts: answers.length - panels.length,
      true_when_well: firing.length,
      burning: alight.length - firing.length,
    },
    ...{
      panel_queries: panels.length,
      with_series: panels.length - silent.length - refused.filter((a) => !a.alert).length,
    },
    ...{ untold: [...new Set(answers.flatMap((a) => a.untold))], down_seen_s: down_s ?? null },
  };
  if (!values.json) {
    for (const a of refused) console.log(`refused: ${a.where}: ${a.refused}`);
    for (const a of firing) console.log(`true although all is well: ${a.where}`);
    for (const a of silent)
      console.log(`no series: ${a.where}: ${a.promql} (untold: ${a.untold.join(', ') || 'none'})`);
  }
  console.log(JSON.stringify(found));
  if (refused.length > 0 || firing.length > 0 || down_s === undefined) process.exitCode = 1;
}

void main();
