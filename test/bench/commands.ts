/**
 * A command from REST to the field and back: POST, the workflow, the agent's write and read-back over Modbus TCP, the
 * answer at the client. Beside it, on the same server, the least a workflow can be: start, activity, signal, complete.
 * Both are warmed up alike and then measured in turns; at the end some commands are traced, hop by hop.
 *
 *   node dist/test/bench/commands.js [--commands 300] [--warm-up 200] [--traced 50] [--json]
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { Instance } from '../workflows/support/instance';
import { loadProfile } from '../workflows/support/load-profile';
import { bareWorkflow, Commands, type Contender } from './commands/contenders';
import { ENDS, type HopFigures, hopTable } from './commands/hops';
import { cpuPerPiece } from './support/cpu';
import { closedLoop, type Figures } from './support/load';
import { SpanCollector } from './support/span-collector';

const IN_FLIGHT = [1, 10, 100];
/** At once while warming up: as many as the middle step has. */
const WARM_UP_IN_FLIGHT = 10;
const QUIET_SCAN_MS = 60_000;

type Name = 'commands' | 'bare';

interface Measured extends Figures {
  /** CPU time of each process for one command or workflow, ms. */
  readonly cpu_ms: Readonly<Record<string, number>>;
}

type Sides<T> = Readonly<Record<Name, T>>;

interface Result extends Sides<Measured[]> {
  /** Of a fresh process, at WARM_UP_IN_FLIGHT; nothing below is measured before both are over. */
  readonly warm_up: Sides<Figures>;
  readonly hops: readonly HopFigures[];
  readonly load_average: number;
}

const { values } = parseArgs({
  options: {
    commands: { type: 'string', default: '300' },
    'warm-up': { type: 'string', default: '200' },
    traced: { type: 'string', default: '50' },
    json: { type: 'boolean', default: false },
  },
});

void main(Number(values.commands), Number(values['warm-up']), Number(values.traced));

async function main(count: number, warmUp: number, traced: number): Promise<void> {
  const collector = await SpanCollector.listen();
  // Only what asks for it is traced: the steps that are measured are not.
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    TRACE_PER_MILLION: '0',
    TRACE_FRAMES_PER_MILLION: '0',
  };
  // Presence has no part in a command.
  const instance = await Instance.start(loadProfile(Math.max(...IN_FLIGHT), QUIET_SCAN_MS), ['presence'], env);
  try {
    const commands = await Commands.on(instance);
    const bare = await bareWorkflow(instance);
    const measured = await measure({ commands, bare }, count, warmUp);
    const hops = hopTable(await commands.traced(traced, collector));
    await bare.close();
    await commands.close();
    print({ ...measured, hops, load_average: loadavg()[0] ?? 0 });
  } finally {
    await instance.stop();
    await collector.close();
  }
}

async function measure(
  sides: Sides<Contender>,
  count: number,
  warmUp: number,
): Promise<Pick<Result, Name | 'warm_up'>> {
  const warm = (of: Contender): Promise<Figures> => closedLoop(WARM_UP_IN_FLIGHT, warmUp, of.one);
  const warm_up = { commands: await warm(sides.commands), bare: await warm(sides.bare) };
  const figures: Sides<Measured[]> = { commands: [], bare: [] };
  for (const in_flight of IN_FLIGHT)
    for (const name of ['commands', 'bare'] as const) {
      const { pids, one } = sides[name];
      const { result, cpu_ms } = await cpuPerPiece(pids, count, () => closedLoop(in_flight, count, one));
      figures[name].push({ ...result, cpu_ms });
    }
  return { ...figures, warm_up };
}

const list = (figures: Readonly<Record<string, number>>): string =>
  Object.entries(figures)
    .map(([name, ms]) => `${name} ${ms}`)
    .join(', ');

const times = (what: string, f: Figures): string =>
  `${what.padEnd(8)} ${String(f.in_flight).padStart(3)} in flight: p50 ${f.p50_ms} ms, p99 ${f.p99_ms} ms, ${f.per_second}/s (${f.count})`;

function print(result: Result): void {
  if (values.json) return void console.log(JSON.stringify(result));
  console.log('warm-up, not counted below:');
  for (const what of ['commands', 'bare'] as const) console.log(times(what, result.warm_up[what]));
  console.log('measured:');
  for (const what of ['commands', 'bare'] as const)
    for (const f of result[what]) console.log(`${times(what, f)}; CPU ms each: ${list(f.cpu_ms)}`);
  printHops(result.hops);
  printTargets(result);
  console.log(`load average ${result.load_average.toFixed(1)}`);
}

function printHops(hops: readonly HopFigures[]): void {
  console.log(
    'one command with nothing else to do, medians in ms: since the place before (an end: since the acknowledgement), since the POST',
  );
  for (const { hop, median_ms, since_begun_ms, of } of hops) {
    const branch = (ENDS as readonly string[]).includes(hop) ? '→ ' : '  ';
    const told = `${branch}${hop}`.padEnd(36);
    console.log(`${told}${median_ms.toFixed(1).padStart(8)}${since_begun_ms.toFixed(1).padStart(9)}  (${of})`);
  }
}

function printTargets({ commands, bare }: Result): void {
  const met = (yes: boolean): string => (yes ? 'met' : 'MISSED');
  const alone = commands[0]?.p50_ms ?? Infinity;
  console.log(`target: p50 at one in flight <= 50 ms: ${alone} ms, ${met(alone <= 50)}`);
  for (const [i, f] of commands.entries()) {
    const than = bare[i];
    if (!than) continue;
    const [slower, faster] = [f.p99_ms / than.p99_ms, f.per_second / than.per_second];
    console.log(`target: p99 at ${f.in_flight} in flight <= 1.3 x bare: ${slower.toFixed(2)} x, ${met(slower <= 1.3)}`);
    console.log(`target: throughput at ${f.in_flight} >= bare: ${faster.toFixed(2)} x, ${met(faster >= 1)}`);
  }
}
