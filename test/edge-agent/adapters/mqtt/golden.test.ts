/**
 * Golden cases: test/golden/mqtt/<case>/ holds profile.yaml, messages.json (topic with text or hex) and expected.json: what
 * each message means. GOLDEN=write makes expected.json anew: read it before you commit it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MessageTable } from '../../../../edge-agent/wire/mqtt/table';
import { type AgentPlan, type ConnectionPlan } from '../../../../edge-agent/core/compile/plan';
import { readPlan } from '../../../../edge-agent/profile-file';
import { projectRoot } from '../../../../schemas/root';
import { told } from '../told';

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
  const readings = told(plan, found.samples, NOW);
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
