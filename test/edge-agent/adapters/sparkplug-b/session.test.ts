/** What a host makes of an edge node's messages, lost, late and repeated. */
import fc from 'fast-check';
import { type Metric, type Payload } from '../../../../edge-agent/adapters/sparkplug-b/codec';
import {
  type Effect,
  type Node,
  REBIRTH_FIRST_MS,
  REBIRTH_MAX_MS,
  step,
  UNKNOWN,
} from '../../../../edge-agent/adapters/sparkplug-b/session';
import { type MessageType } from '../../../../edge-agent/adapters/sparkplug-b/topic';

interface Sent {
  readonly type: MessageType;
  readonly device: string;
  readonly payload: Payload;
}

const LONG = 4;
const metric = (name: string | undefined, alias: number, value: number): Metric => ({
  ...{ name, alias: String(alias), at: undefined, type: name === undefined ? undefined : LONG, isNull: false },
  ...{ raw: { field: 11, value: BigInt(value) }, quality: undefined },
});
const bdSeq = (n: number): Metric => ({ ...metric('bdSeq', 0, n), alias: undefined });

/** An edge node that keeps to the standard. Each value tells which metric it is of: value % 100. */
class Edge {
  seq = 0;
  clock = 1_000;
  session = 0;
  /** Index of the metric by alias: another order at each birth. */
  aliases: number[] = [0, 1, 2];
  private count = 0;

  birth(): Sent[] {
    this.session++;
    this.seq = 0;
    this.aliases = [...this.aliases.slice(1), ...this.aliases.slice(0, 1)];
    const node: Sent = { type: 'NBIRTH', device: '', payload: this.payload([bdSeq(this.session)], 0) };
    const metrics = this.aliases.map((m, alias) => metric(`m${m}`, alias, this.value(m)));
    return [node, { type: 'DBIRTH', device: 'd', payload: this.payload(metrics) }];
  }

  data(alias: number): Sent {
    const metrics = [metric(undefined, alias, this.value(this.aliases[alias] ?? 0))];
    return { type: 'DDATA', device: 'd', payload: this.payload(metrics) };
  }

  death(session = this.session): Sent {
    return { type: 'NDEATH', device: '', payload: { at: undefined, seq: undefined, metrics: [bdSeq(session)] } };
  }

  private value(m: number): number {
    return 100 * ++this.count + m;
  }

  private payload(metrics: readonly Metric[], seq = (this.seq + 1) % 256): Payload {
    this.seq = seq;
    return { at: ++this.clock, seq, metrics };
  }
}

class Host {
  node: Node = UNKNOWN;
  now = 0;

  take({ type, device, payload }: Sent): readonly Effect[] {
    const done = step(this.node, type, device, payload, this.now);
    this.node = done.node;
    return done.effects;
  }
}

const named = (effects: readonly Effect[]): [string, number][] =>
  effects.flatMap((e) =>
    e.kind === 'values' ? e.values.map((v): [string, number] => [v.name, Number(v.metric.raw?.value)]) : [],
  );
const asks = (effects: readonly Effect[]): boolean => effects.some((e) => e.kind === 'rebirth');
const counted = (effects: readonly Effect[]): string[] => effects.flatMap((e) => (e.kind === 'count' ? [e.what] : []));

test('a birth names what data then tells by alias', () => {
  const [edge, host] = [new Edge(), new Host()];
  for (const m of edge.birth()) host.take(m);
  expect(named(host.take(edge.data(0))).map(([name]) => name)).toEqual(['m1']);
  expect(host.node.seq).toBe(2);
});

test('data before a birth is not read, and a birth is asked for with restraint', () => {
  const [edge, host] = [new Edge(), new Host()];
  edge.birth();
  const first = host.take(edge.data(0));
  expect([named(first), asks(first)]).toEqual([[], true]);
  const waits: number[] = [];
  for (let last = 0; waits.length < 9; host.now += 100)
    if (asks(host.take(edge.data(0)))) {
      waits.push(host.now - last);
      last = host.now;
    }
  expect(waits[0]).toBe(REBIRTH_FIRST_MS);
  expect(waits.at(-1)).toBe(REBIRTH_MAX_MS);
});

test('a death ends the session it belongs to and no other', () => {
  const [edge, host] = [new Edge(), new Host()];
  for (const m of [...edge.birth(), ...edge.birth()]) host.take(m);
  expect(counted(host.take(edge.death(1)))).toEqual(['old_messages']);
  expect(host.node.online).toBe(true);
  expect(host.take(edge.death()).filter((e) => e.kind === 'lost')).toEqual([{ kind: 'lost', device: '' }]);
  expect(host.node.online).toBe(false);
  expect(named(host.take(edge.data(0)))).toEqual([]);
});

test('a new birth of the node takes its devices offline until they are born', () => {
  const [edge, host] = [new Edge(), new Host()];
  for (const m of edge.birth()) host.take(m);
  const [again] = edge.birth();
  expect(host.take(again as Sent)).toContainEqual({ kind: 'lost', device: 'd' });
  expect(host.node.births.has('d')).toBe(false);
});

test('after a missing message aliases are not believed until the next birth: it may have been a birth', () => {
  const [edge, host] = [new Edge(), new Host()];
  for (const m of edge.birth()) host.take(m);
  edge.data(0);
  const effects = host.take(edge.data(1));
  expect([asks(effects), named(effects)]).toEqual([true, []]);
  expect(counted(effects)).toEqual(['in_doubt', 'rebirths_asked', 'sequence_gaps']);
  const { payload, ...rest } = edge.data(1);
  const byName = { ...rest, payload: { ...payload, metrics: [metric('m2', 1, 102)] } };
  expect(named(host.take(byName))).toEqual([['m2', 102]]);
  for (const m of edge.birth()) host.take(m);
  expect(named(host.take(edge.data(1))).length).toBe(1);
});

test('256 messages later the sequence begins anew', () => {
  const [edge, host] = [new Edge(), new Host()];
  for (const m of edge.birth()) host.take(m);
  for (let i = 0; i < 600; i++) expect(counted(host.take(edge.data(i % 3)))).toEqual([]);
});

test('an unknown alias is not guessed at', () => {
  const [edge, host] = [new Edge(), new Host()];
  for (const m of edge.birth()) host.take(m);
  const { payload, ...rest } = edge.data(0);
  const effects = host.take({ ...rest, payload: { ...payload, metrics: [metric(undefined, 99, 1)] } });
  expect([named(effects), counted(effects)]).toEqual([[], ['unknown_alias', 'rebirths_asked']]);
});

test('whatever is lost, late or repeated: no value under a wrong name, and a rebirth mends it', () => {
  const channel = fc.array(
    fc.record({
      do: fc.constantFrom('data' as const, 'data' as const, 'data' as const, 'birth' as const, 'death' as const),
      alias: fc.nat(2),
      fate: fc.constantFrom('arrives' as const, 'arrives' as const, 'lost' as const, 'late' as const, 'twice' as const),
      later: fc.integer({ min: 1, max: 6 }),
    }),
    { maxLength: 80 },
  );
  fc.assert(
    fc.property(channel, (happenings) => {
      const [edge, host] = [new Edge(), new Host()];
      let late: { sent: Sent; due: number }[] = [];
      const take = (sent: Sent): void => {
        host.now += 10;
        for (const [name, value] of named(host.take(sent))) if (name !== 'bdSeq') expect(name).toBe(`m${value % 100}`);
      };
      edge.birth().forEach(take);
      happenings.forEach(({ do: what, alias, fate, later }, i) => {
        const sent = what === 'data' ? [edge.data(alias)] : what === 'death' ? [edge.death()] : edge.birth();
        for (const s of sent) {
          // A birth that is lost where the numbers go on by chance cannot be told from none: births arrive here.
          if (s.type.endsWith('BIRTH')) take(s);
          else if (fate === 'late') late.push({ sent: s, due: i + later });
          else if (fate !== 'lost') take(s);
          if (fate === 'twice') take(s);
        }
        late.filter((l) => l.due <= i).forEach((l) => take(l.sent));
        late = late.filter((l) => l.due > i);
      });
      // From here on nothing is lost, and the node is born again.
      edge.birth().forEach(take);
      const effects = host.take(edge.data(2));
      expect([host.node.online, named(effects).length, counted(effects)]).toEqual([true, 1, []]);
    }),
    { numRuns: 500 },
  );
});
