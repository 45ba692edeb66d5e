/** Sends the dead letters of a file (lib/dead-letters/letter.ts) back: `main.js FILE [--json]`. Prints what it did; exit 0 when all are sent. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createKafka, ensureTopics, EventWriter, registerSchemas, streamConfig } from '../../../schemas/stream';
import { Topics } from '../../../schemas/topics';
import { lettersOf } from '../../lib/dead-letters/letter';
import { replay } from '../../lib/dead-letters/replay';

const say = (line: string): boolean => process.stderr.write(`${line}\n`);

void main();

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } });
  const letters = lettersOf(readFileSync(positionals[0] ?? '/dev/stdin', 'utf8'));
  const config = streamConfig(process.env, 'millrace-replay');
  const kafka = createKafka(config, { warn: (fields, message) => say(`${message} ${JSON.stringify(fields)}`) });
  const admin = kafka.admin();
  await admin.connect();
  await ensureTopics(admin, [Topics.replays]);
  await admin.disconnect();
  const notes = new EventWriter(Topics.replays, await registerSchemas(config, [Topics.replays]));
  const { sent, already } = await replay({ kafka, notes, now: Date.now, newId: randomUUID }, letters);
  if (values.json) return void process.stdout.write(`${JSON.stringify({ sent, already }, null, 2)}\n`);
  for (const name of already) say(`${name} was sent back before: left out`);
  say(`sent back ${sent.length}`);
}
