/**
 * Golden cases: test/golden/sparkplug-b/<case>/ holds profile.yaml, messages.json (topic with hex, or a payload that npm
 * sparkplug-payload encodes) and expected.json: what each message amounts to. GOLDEN=write makes it anew: read it first.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { get } from 'sparkplug-payload';
import { type Sample } from '../../../../edge-agent/adapter';
import { Nodes } from '../../../../edge-agent/adapters/sparkplug-b/plan';
import { type ConnectionPlan } from '../../../../edge-agent/core/compile/plan';
import { toReading } from '../../../../edge-agent/core/reading';
import { readPlan } from '../../../../edge-agent/profile-file';
import { projectRoot } from '../../../../schemas/root';

const FOLDER = join(projectRoot(), 'test/golden/sparkplug-b');
const NOW = 20_000;
const theirs = get('spBv1.0');

interface Message {
  readonly topic: string;
  readonly payload?: object;
  /** Blanks ignored. */
  readonly hex?: string;
}

const bytesOf = ({ payload, hex }: Message): Buffer =>
  payload
    ? Buffer.from(theirs?.encodePayload(payload as never) ?? [])
    : Buffer.from((hex ?? '').replaceAll(' ', ''), 'hex');

test.each(readdirSync(FOLDER))('%s', (name) => {
  const folder = join(FOLDER, name);
  const plan = readPlan(join(folder, 'profile.yaml'), {});
  const nodes = new Nodes();
  nodes.adopt(plan.connections[0] as ConnectionPlan);
  const text = (sample: Sample): string => {
    const point = plan.devices.get(sample.device)?.byMetric.get(sample.metric);
    if (!point) throw new Error(`no point ${sample.metric}`);
    const { value, quality, at } = toReading(point, sample);
    return `${sample.device}/${sample.metric} ${typeof value} ${String(value)} ${point.unit} quality ${quality} at ${at}`;
  };
  const messages = JSON.parse(readFileSync(join(folder, 'messages.json'), 'utf8')) as Message[];
  const found = messages.map((m) => {
    const { heard, bad, lost, publish, counted, complaint, strangers } = nodes.message(m.topic, bytesOf(m), NOW);
    const readings = [...heard.flatMap((h) => h.samples), ...bad].map(text);
    const said = { readings, lost, published: publish.map((p) => p.topic), counted, complaint, strangers };
    const there = Object.entries(said).filter(([, v]) => v.length > 0);
    return { topic: m.topic, ...Object.fromEntries(there) };
  });
  const file = join(folder, 'expected.json');
  if (process.env['GOLDEN'] === 'write') writeFileSync(file, `${JSON.stringify(found, undefined, 2)}\n`);
  expect(found).toEqual(JSON.parse(readFileSync(file, 'utf8')));
});
