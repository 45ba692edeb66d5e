/** One command through every process it meets, in memory: request, workflow's effects, agent, outbox, stream, relay. */
import { Decoder, unframe } from '../../schemas/codec';
import { type Command, type CommandEvent } from '../../schemas/generated';
import { AgentTopics, subjectOf, Topics } from '../../schemas/topics';
import { parseTraceparent, traceparentIn } from '../../schemas/tracing/context';
import { DirectWord } from '../../edge-agent/io/commands/direct';
import { systemClock } from '../../edge-agent/io/clock';
import { CommandTraces } from '../../edge-agent/io/commands/traces';
import { type Message as Shipped } from '../../edge-agent/io/shipper/link';
import { frameTraceId, ShipTraces } from '../../edge-agent/io/shipper/traces';
import { type Message } from '../../schemas/publisher';
import { signaller, traced } from '../../services/relay/signaller';
import { type CommandInput } from '../../workflows/command/messages';
import { issuedEvent, orderOf, recordsOf } from '../../services/domain/command';
import { StreamCommandPublisher } from '../../services/lib/command-publisher';
import { agent } from '../edge-agent/io/commands/helpers';
import { frame } from '../edge-agent/io/outbox/helpers';
import { MemoryFs } from '../edge-agent/io/outbox/memory-fs';
import { MemoryStream, shipping } from '../edge-agent/io/shipper/memory-stream';
import { deviceState, startApi } from '../services/api/harness';
import { type Hop, marksOf } from '../bench/commands/hops';
import { type ToldSpan } from '../bench/support/span-collector';
import { type Collector, collector, pathOf } from './collector';

jest.setTimeout(60_000);

const CALLER = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

async function asked({ tracer }: Collector, traceparent: string): Promise<CommandInput> {
  const api = await startApi({ tracer });
  api.deps.directory.apply(deviceState('press-1', { agent_id: 'agent-1' }));
  const body = { name: 'write', args: { metric: 'setpoint', value: 42 }, timeout_ms: 60_000 };
  const answer = await api.call('POST', '/api/v1/devices/press-1/commands', body, { traceparent });
  expect(answer.status).toBe(202);
  await api.close();
  return { ...(api.started.commands[0] as CommandInput), issued_at: Date.now(), deadline: Date.now() + 60_000 };
}

async function published({ tracer }: Collector, input: CommandInput): Promise<Message[]> {
  const messages: Message[] = [];
  const ids = { [subjectOf(Topics.commandEvents)]: 1, [subjectOf(AgentTopics.commands('any'))]: 2 };
  const publisher = { send: (m: readonly Message[]) => Promise.resolve(void messages.push(...m)) };
  const stream = new StreamCommandPublisher(publisher, ids, () => Promise.resolve(), tracer);
  await stream.publish(recordsOf(input, [issuedEvent(input)], [orderOf(input, 1)]));
  return messages;
}

/** The agent carries the order out; what it told of it is on the stream when this resolves. */
async function carriedOut({ tracer }: Collector, order: Message): Promise<Shipped[]> {
  const traces = new CommandTraces(tracer, 'default');
  const stream = new MemoryStream();
  const run = await shipping(stream, new MemoryFs(), {
    traces: new ShipTraces({ tracer, agentId: 'agent-1', framesPerMillion: 0, commands: traces }),
  });
  const { executor } = await agent(new MemoryFs(), undefined, { traces, outbox: run.outbox });
  const command: Command = new Decoder('command').decode(unframe(order.value).body);
  traces.heard(command, traceparentIn(order.headers));
  await executor.deliver([command]);
  // Delivered, executed, verified.
  await run.shipper.whenShipped('priority', 3);
  await executor.close();
  await run.close();
  return stream.messages;
}

/** As above, with a stream that takes what is told straight. */
async function toldStraight({ tracer }: Collector, order: Message): Promise<Message[]> {
  const traces = new CommandTraces(tracer, 'default');
  const messages: Message[] = [];
  const direct = new DirectWord({
    publisher: { send: (m) => Promise.resolve(void messages.push(...m)), close: () => Promise.resolve() },
    ...{ schemaIds: { idOf: () => Promise.resolve(1) }, clock: systemClock, open: () => true },
    span: (key) => traces.telling(key),
  });
  const { executor, settled } = await agent(new MemoryFs(), undefined, { traces, direct });
  const command: Command = new Decoder('command').decode(unframe(order.value).body);
  traces.heard(command, traceparentIn(order.headers));
  await executor.deliver([command]);
  await settled();
  await executor.close();
  return messages;
}

async function relayed({ tracer }: Collector, messages: readonly Shipped[]): Promise<void> {
  const told: CommandEvent[] = [];
  const deliver = traced(
    signaller({
      signal: (_id, given) => Promise.resolve(void told.push(...given.map((i) => i.event))),
      sleep: () => Promise.resolve(),
      stopping: () => false,
      tried: () => undefined,
      bury: () => Promise.reject(new Error('nothing to bury')),
    }),
    tracer,
  );
  const items = messages.map(({ key, value, headers }, i) => ({
    workflowId: 'w',
    event: new Decoder('command-event').decode(unframe(value).body),
    urgent: true,
    source: {
      ...{ partition: 0, offset: String(i), timestamp: 0, key: Buffer.from(key), value },
      traceparent: traceparentIn(headers),
    },
    done: () => undefined,
  }));
  expect(await deliver('w', items)).toBe(true);
  expect(told.map((e) => e.state)).toEqual(['delivered', 'executed', 'verified']);
}

test.each([
  ['straight', 'tell', toldStraight],
  ['by the outbox', 'ship', carriedOut],
])('a command, told of %s, goes on with its caller’s trace to the relay', async (_, way, carry) => {
  const all = await collector();
  const input = await asked(all, CALLER);
  expect(parseTraceparent(input.traceparent)?.traceId).toBe(TRACE);
  const messages = await published(all, input);
  const order = messages.find((m) => m.topic === 'm2m.agents.agent-1.commands');
  await relayed(all, await carry(all, order as Message));

  const spans = await all.spans();
  expect(new Set(spans.map((s) => s.spanContext().traceId))).toEqual(new Set([TRACE]));
  const request = 'POST /devices/:id/commands';
  const agentPath = [request, 'publish command', 'carry out command'];
  expect(pathOf(spans, 'write to the field')).toEqual([...agentPath, 'write to the field']);
  expect(pathOf(spans, 'read back')).toEqual([...agentPath, 'read back']);
  expect(pathOf(spans, 'tell the workflow')).toEqual([...agentPath, way, 'tell the workflow']);
  expect(spans.find((s) => s.name === 'carry out command')?.attributes).toMatchObject({
    ...{ 'millrace.command_id': input.command_id, 'millrace.device_id': 'press-1', 'millrace.outcome': 'verified' },
  });
  expect(JSON.stringify(spans.map((s) => s.attributes))).not.toContain('42');

  // `millrace bench commands` knows the steps by these names. One order goes out with `issued` here, and nothing is projected.
  const marks = marksOf({ begun: 0, answered: Infinity, closed: undefined, spans: spans.map(told) });
  const hops: Hop[] = ['request at the API', 'order on the stream', 'order at the agent'];
  hops.push('on record, its turn, write begun', 'register written', 'read back', 'verified on record');
  hops.push('on the stream', 'signalled by the relay');
  const times = hops.map((hop) => marks[hop]);
  // Each span goes by a clock of its own, which differ by less than a millisecond.
  for (const [i, at] of times.entries()) expect(at).toBeGreaterThanOrEqual((times[i - 1] ?? 0) - 1);
  expect(Object.keys(marks)).toEqual(expect.arrayContaining(hops));
});

/** As a collector gets it. */
function told(span: Awaited<ReturnType<Collector['spans']>>[number]): ToldSpan {
  const ms = ([s, ns]: [number, number]): number => s * 1_000 + ns / 1e6;
  const texts = Object.entries(span.attributes).map(([key, value]) => [key, String(value)]);
  const { name, startTime, endTime, resource } = span;
  const service = name.startsWith('POST') ? 'api' : String(resource.attributes['service.name']);
  const { traceId } = span.spanContext();
  return { traceId, service, name, start: ms(startTime), end: ms(endTime), attributes: Object.fromEntries(texts) };
}

test('a command whose caller’s trace is not told of costs no header and no span', async () => {
  const all = await collector();
  const input = await asked(all, CALLER.replace(/01$/, '00'));
  const messages = await published(all, input);
  expect(messages.map((m) => m.headers)).toEqual([undefined, undefined]);
  const shipped = await carriedOut(all, messages[1] as Message);
  expect(shipped.filter((m) => m.headers)).toEqual([]);
  expect(await all.spans()).toEqual([]);
});

test('a problem names its trace, and nothing else does', async () => {
  const { tracer, spans } = await collector();
  const api = await startApi({ tracer });
  const known = await api.call('GET', '/api/v1/devices/none', undefined, { traceparent: CALLER });
  expect(known.body).toMatchObject({ code: 'not-found', trace_id: TRACE });
  await api.close();
  const plain = await startApi();
  expect((await plain.call('GET', '/api/v1/devices/none')).body).not.toHaveProperty('trace_id');
  await plain.close();
  expect((await spans()).map((s) => [s.name, s.attributes['http.response.status_code']])).toEqual([
    ['GET /devices/:id', 404],
  ]);
});

describe('frames of readings', () => {
  const traces = (of: Collector, framesPerMillion: number): ShipTraces =>
    new ShipTraces({ ...of, agentId: 'agent-1', framesPerMillion, commands: { traceparentOf: () => undefined } });

  test('of all, every frame has a trace named by its device and number; it ends when it is on the stream', async () => {
    const all = await collector();
    const stream = new MemoryStream();
    let failures = 1;
    stream.refuse = () => {
      if (failures-- > 0) throw new Error('broker is away');
    };
    const run = await shipping(stream, new MemoryFs(), { traces: traces(all, 1_000_000) });
    await run.outbox.append([frame('a'), frame('a'), frame('b')]);
    await run.shipper.whenShipped('telemetry', 3);
    await run.close();
    const ids = stream.messages.map((m) => parseTraceparent(traceparentIn(m.headers))?.traceId);
    const keys = stream.messages.map((m) => m.key);
    expect(ids).toEqual([1, 2, 1].map((seq, i) => frameTraceId('agent-1', keys[i] ?? '', seq)));
    // Tried twice, told of once.
    expect((await all.spans()).map((s) => s.spanContext().traceId).sort()).toEqual([...ids].sort());
  });

  test('of a share, about that share, the same ones each time', async () => {
    const sampled = async (): Promise<number[]> => {
      const all = await collector();
      const stream = new MemoryStream();
      const run = await shipping(stream, new MemoryFs(), { traces: traces(all, 100_000) });
      await run.outbox.append(Array.from({ length: 1_000 }, () => frame('a')));
      await run.shipper.whenShipped('telemetry', 1_000);
      await run.close();
      return stream.messages.flatMap((m, i) => (m.headers ? [i] : []));
    };
    const first = await sampled();
    expect(first.length).toBeGreaterThan(50);
    expect(first.length).toBeLessThan(200);
    expect(await sampled()).toEqual(first);
  });
});
