/**
 * Our OPC UA client against a server by others (asyncua, in Python): what it browses, watches, writes, calls and hears of
 * events, and what a server that dies and comes back costs. Ends with an error when something is not as it should be.
 *
 *   node dist/test/bench/asyncua.js [--counters 100] [--seconds 10] [--json]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Sample } from '../../edge-agent/adapter';
import { OpcUaAdapter } from '../../edge-agent/adapters/opcua/adapter';
import { systemClock } from '../../edge-agent/io/clock';
import { planOfText } from '../../edge-agent/profile-file';
import { browseServer, serverOf } from '../../edge-agent/verbs/browse';
import { freePorts } from '../../deploy/local/ports';
import { startPeer } from '../support/python-peer';
import { ASYNCUA } from './asyncua/wheels';

const { values } = parseArgs({
  options: {
    counters: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
});
const COUNTERS = Number(values.counters);
const WITHIN_MS = 60_000;
const WRITES = 50;
const NAMESPACE = 'urn:millrace:asyncua';

const metrics = Array.from({ length: COUNTERS }, (_, i) => `Counter${i}`);
const profile = (endpoint: string): string => `
agent: { id: bench }
connections: [{ name: line, protocol: opcua, backoff: { initial_ms: 100, max_ms: 500 }, opcua: { endpoint: "${endpoint}", policy: None } }]
devices:
  - id: plant
    connection: line
    namespace: ${NAMESPACE}
    scan_ms: 100
    points:
      - { metric: setpoint, node: s=Setpoint, writable: true }
      - { metric: multiply, node: s=Multiply, type: string, writable: true, opcua: { method_of: s=Plant } }
      - { metric: message, node: "nsu=http://opcfoundation.org/UA/;i=2253", type: string, opcua: { event: { field: Message, min_severity: 500 } } }
${metrics.map((m) => `      - { metric: ${m}, node: s=${m}, type: int64, opcua: { queue_size: 100 } }`).join('\n')}
`;

async function until(what: string, holds: () => boolean): Promise<number> {
  const begun = performance.now();
  for (; !holds(); await sleep(5))
    if (performance.now() - begun > WITHIN_MS) throw new Error(`not within ${WITHIN_MS} ms: ${what}`);
  return performance.now() - begun;
}

function check(what: string, holds: boolean): void {
  if (!holds) throw new Error(`it should be so, and is not: ${what}`);
}

/** Of one counter: steps that came again, and steps that are missing between the first and the last. */
function gaps(samples: readonly Sample[]): { lost: number; repeated: number } {
  const steps = samples.map((s) => Number(s.value)).sort((a, b) => a - b);
  const different = new Set(steps).size;
  const asked = steps.length === 0 ? 0 : (steps.at(-1) as number) - (steps[0] as number) + 1;
  return { lost: asked - different, repeated: steps.length - different };
}

async function browsed(endpoint: string): Promise<number> {
  const told: string[] = [];
  const output = { out: (text: string) => void told.push(text), err: () => undefined };
  const code = await browseServer(
    serverOf(undefined, undefined, endpoint, 'None'),
    { node: `nsu=${NAMESPACE};s=Plant`, depth: 3, max: 10_000 },
    output,
  );
  check('browse ends well', code === 0);
  return told.join('\n').split('metric:').length - 1;
}

async function main(): Promise<Record<string, number>> {
  const [port = 0] = await freePorts(1);
  const endpoint = `opc.tcp://127.0.0.1:${port}`;
  const serve = () => startPeer(ASYNCUA, 'test/bench/asyncua/server.py', [String(port), String(COUNTERS)]);
  let peer = await serve();
  const [connection] = planOfText({ file: 'bench.yaml', text: profile(endpoint), readFile: () => '' }, {}).connections;
  if (!connection) throw new Error('no connection');
  const adapter = new OpcUaAdapter(connection, { clock: systemClock, random: Math.random });
  const samples: Sample[] = [];
  const good = (metric: string): Sample[] => samples.filter((s) => s.metric === metric && s.quality === 0);
  try {
    const variables = await browsed(endpoint);
    check('browse finds every variable', variables === COUNTERS + 1);
    adapter.start({
      samples: (batch) => {
        samples.push(...batch.samples);
        batch.ack();
      },
      link: () => undefined,
      ready: () => Promise.resolve(),
    });
    await until('every point', () => metrics.every((m) => samples.some((s) => s.metric === m && s.quality === 0)));
    const begun = { at: performance.now(), samples: samples.length, cpu: process.cpuUsage() };
    await sleep(Number(values.seconds) * 1_000);
    const seconds = (performance.now() - begun.at) / 1_000;
    const taken = samples.length - begun.samples;
    const { user, system } = process.cpuUsage(begun.cpu);
    const counted = metrics.map((m) => gaps(good(m)));
    check(
      'no step lost',
      counted.every((c) => c.lost === 0),
    );
    check(
      'no step twice',
      counted.every((c) => c.repeated === 0),
    );
    const messages = good('message').map((s) => String(s.value));
    check('events are heard', messages.length > 0);
    check('no event twice', new Set(messages).size === messages.length);
    const writes: number[] = [];
    for (let i = 0; i < WRITES; i++) {
      const start = performance.now();
      await adapter.write({ device: 'plant', metric: 'setpoint', value: 20 + i, timeout_ms: WITHIN_MS });
      const back = await adapter.read('plant', 'setpoint', WITHIN_MS);
      check('the read-back shows the value', back.value === 20 + i);
      writes.push(performance.now() - start);
    }
    const answer = await adapter.call({ device: 'plant', metric: 'multiply', args: [6, 7], timeout_ms: WITHIN_MS });
    check(
      `the method answers by name: ${JSON.stringify(answer)}`,
      answer['product'] === 42 && answer['text'] === '6.0 x 7.0',
    );
    await peer.stop();
    await until('the end is noticed', () => samples.at(-1)?.quality === 65);
    peer = await serve();
    samples.length = 0;
    const back_ms = await until('every point again', () =>
      metrics.every((m) => samples.some((s) => s.metric === m && s.quality === 0)),
    );
    writes.sort((a, b) => a - b);
    return {
      variables_browsed: variables,
      readings_per_s: Math.round(taken / seconds),
      cpu_us_per_reading: Math.round((user + system) / taken),
      events: messages.length,
      write_and_read_back_p50_ms: Math.round(10 * (writes[WRITES / 2] as number)) / 10,
      back_after_restart_ms: Math.round(back_ms),
    };
  } finally {
    await adapter.close();
    await peer.stop();
  }
}

main().then(
  (figures) => {
    if (values.json) console.log(JSON.stringify([{ bench: 'asyncua', ...figures }]));
    else console.table(figures);
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
