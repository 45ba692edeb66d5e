/**
 * Golden cases: test/golden/amqp/<case>/ holds profile.yaml, messages.json (the source, the name, and a body as text, hex, an AMQP
 * value or a sequence) and expected.json: what each means. rhea writes the messages. GOLDEN=write makes expected.json anew:
 * read it before you commit it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { message as rhea } from 'rhea';
import { decodeMessage } from '../../../../edge-agent/adapters/amqp/codec';
import { type AgentPlan, type ConnectionPlan } from '../../../../edge-agent/core/compile/plan';
import { readPlan } from '../../../../edge-agent/profile-file';
import { amqpDialect } from '../../../../edge-agent/wire/amqp/dialect';
import { type AmqpSettings } from '../../../../edge-agent/wire/amqp/settings';
import { projectRoot } from '../../../../schemas/root';
import { told } from '../told';

const FOLDER = join(projectRoot(), 'test/golden/amqp');
const NOW = 1_700_000_100_000;

interface Message {
  readonly why: string;
  readonly source: string;
  readonly subject?: string;
  readonly to?: string;
  readonly text?: string;
  /** Blanks ignored. */
  readonly hex?: string;
  readonly value?: unknown;
  readonly sequence?: unknown[];
}

function bytesOf({ subject, to, text, hex, value, sequence }: Message): Buffer {
  const data = text === undefined ? Buffer.from((hex ?? '').replaceAll(' ', ''), 'hex') : Buffer.from(text);
  const body: unknown = sequence ? rhea.sequence_section(sequence) : (value ?? rhea.data_section(data));
  return rhea.encode({ ...(subject !== undefined && { subject }), ...(to !== undefined && { to }), body });
}

function meaning(plan: AgentPlan, message: Message): unknown {
  const connection = plan.connections[0] as ConnectionPlan;
  const { sources } = connection.settings as AmqpSettings;
  const source = sources.findIndex(({ address }) => address === message.source);
  const content = decodeMessage(bytesOf(message));
  const name = content[sources[source]?.name_in ?? 'subject'];
  const arrived = { source, name, payload: content.payload, fault: '', durable: () => undefined };
  const { heard, bad, counted, complaint } = amqpDialect(connection).message(arrived, NOW);
  const readings = told(plan, [...heard.flatMap(({ samples }) => samples), ...bad], NOW);
  // What follows says it in words of the JavaScript engine.
  const [about, where] = complaint.split(': ', 2);
  return { why: message.why, readings, ...(counted.length > 0 && { counted, refused: `${about}: ${where}` }) };
}

test.each(readdirSync(FOLDER))('%s', (name) => {
  const folder = join(FOLDER, name);
  const plan = readPlan(join(folder, 'profile.yaml'), {});
  const messages = JSON.parse(readFileSync(join(folder, 'messages.json'), 'utf8')) as Message[];
  const found = messages.map((m) => meaning(plan, m));
  const file = join(folder, 'expected.json');
  if (process.env['GOLDEN'] === 'write') writeFileSync(file, `${JSON.stringify(found, undefined, 2)}\n`);
  expect(found).toEqual(JSON.parse(readFileSync(file, 'utf8')));
});
