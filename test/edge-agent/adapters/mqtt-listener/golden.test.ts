/**
 * Golden cases: test/golden/mqtt-listener/<case>/ holds profile.yaml, messages.json (what pump-7 says: topic with text or hex)
 * and expected.json: what each message means. GOLDEN=write makes expected.json anew: read it before you commit it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { meaningOf } from '../../../../edge-agent/adapters/mqtt-listener/plan';
import { type Sample } from '../../../../edge-agent/adapter';
import { type ConnectionPlan, type DevicePlan } from '../../../../edge-agent/core/compile/plan';
import { readPlan } from '../../../../edge-agent/profile-file';
import { MessageTable } from '../../../../edge-agent/wire/mqtt/table';
import { PayloadError } from '../../../../edge-agent/wire/payload';
import { PostedDevice } from '../../../../edge-agent/wire/posts/device';
import { projectRoot } from '../../../../schemas/root';

const FOLDER = join(projectRoot(), 'test/golden/mqtt-listener');
const NOW = 1_700_000_100_000;

interface Message {
  readonly topic: string;
  readonly text?: string;
  readonly hex?: string;
}

const told = ({ device, metric, value, quality, at }: Sample): string =>
  `${device}/${metric} ${typeof value} ${String(value)} quality ${quality} at ${at === NOW ? 'arrival' : at}`;

function meaning(device: DevicePlan, table: MessageTable, { topic, text, hex }: Message): unknown {
  const payload = text === undefined ? Buffer.from((hex ?? '').replaceAll(' ', ''), 'hex') : Buffer.from(text);
  const found = meaningOf(table, device, device.id, topic, payload, NOW);
  if (found.kind === 'answer') return { topic, answers: found.metric };
  if (found.kind === 'samples')
    return { topic, readings: found.samples.map(told), counted: found.counted, complaint: found.complaint };
  try {
    const posted = new PostedDevice(device, 'ms');
    const entries = found.decode().map((e) => ({ seq: e.seq, readings: posted.samples(e, NOW).map(told) }));
    return { topic, entries: JSON.parse(JSON.stringify(entries)) as unknown };
  } catch (error) {
    if (!(error instanceof PayloadError)) throw error;
    return { topic, refused: error.name };
  }
}

test.each(readdirSync(FOLDER))('%s', (name) => {
  const folder = join(FOLDER, name);
  const plan = readPlan(join(folder, 'profile.yaml'), {});
  const table = new MessageTable(plan.connections[0] as ConnectionPlan);
  const device = plan.devices.get('pump-7') as DevicePlan;
  const messages = JSON.parse(readFileSync(join(folder, 'messages.json'), 'utf8')) as Message[];
  const found = messages.map((m) => meaning(device, table, m));
  const file = join(folder, 'expected.json');
  if (process.env['GOLDEN'] === 'write') writeFileSync(file, `${JSON.stringify(found, undefined, 2)}\n`);
  expect(found).toEqual(JSON.parse(readFileSync(file, 'utf8')));
});
