/**
 * Golden cases: test/golden/mqtt/<case>/ holds profile.yaml, messages.json (topic with text or hex) and expected.json: what
 * each message means. GOLDEN=write makes expected.json anew: read it before you commit it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MessageTable } from '../../../../edge-agent/wire/mqtt/table';
import { type AgentPlan, type ConnectionPlan } from '../../../../edge-agent/core/compile/plan';
import { toReading } from '../../../../edge-agent/core/reading';
import { readPlan } from '../../../../edge-agent/profile-file';
import { projectRoot } from '../../../../schemas/root';

const FOLDER = join(projectRoot(), 'test/golden/mqtt');
const NOW = 1_700_000_100_000;

interface Message {
  readonly topic: string;
  readonly text?: string;
  /** Blanks ignored. */
  readonly hex?: string;
}

function meaning(plan: AgentPlan, table: MessageTable, { topic, text, hex }: Message): unknown {
  const payload = text === undefined ? Buffer.from((hex ?? '').replaceAll(' ', ''), 'hex') : Buffer.from(text);
  const found = table.read(topic, payload, NOW);
  const readings = found.samples.map((sample) => {
    const point = plan.devices.get(sample.device)?.byMetric.get(sample.metric);
    if (!point) throw new Error(`no point ${sample.metric}`);
    const { value, quality, at } = toReading(point, sample);
    const what = `${sample.device}/${sample.metric} ${typeof value} ${String(value)} ${point.unit}`.trimEnd();
    return `${what} quality ${quality} at ${at === NOW ? 'arrival' : at}`;
  });
  return found.kind === 'rejected' ? { topic, rejected: found.reason, readings } : { topic, readings };
}

test.each(readdirSync(FOLDER))('%s', (name) => {
  const folder = join(FOLDER, name);
  const plan = readPlan(join(folder, 'profile.yaml'), {});
  const table = new MessageTable(plan.connections[0] as ConnectionPlan);
  const messages = JSON.parse(readFileSync(join(folder, 'messages.json'), 'utf8')) as Message[];
  const found = messages.map((m) => meaning(plan, table, m));
  const file = join(folder, 'expected.json');
  if (process.env['GOLDEN'] === 'write') writeFileSync(file, `${JSON.stringify(found, undefined, 2)}\n`);
  expect(found).toEqual(JSON.parse(readFileSync(file, 'utf8')));
});
