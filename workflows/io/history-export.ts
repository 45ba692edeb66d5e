/** Everything SQL knows of one device, into one file: lines of JSON, compressed, under its name only once it is whole. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type ClickHouseClient } from '@clickhouse/client';
import { type ExportRequest } from '../decommission/activities';
import { type ExportedHistory } from '../decommission/messages';

export type Engine = Pick<ClickHouseClient, 'query'>;

const DEVICE = 'tenant = {tenant:String} AND device_id = {device:String}';
/** Kinds of lines, in this order, and where they come from. */
const PARTS: readonly (readonly [kind: string, query: string])[] = [
  ['lifecycle', `SELECT * FROM device_lifecycle WHERE ${DEVICE} ORDER BY version LIMIT 1 BY version`],
  ['session', `SELECT * FROM session_events WHERE ${DEVICE} ORDER BY at`],
  ['command', `SELECT * FROM command_events WHERE ${DEVICE} ORDER BY at`],
  ['alarm', `SELECT * FROM alarm_events WHERE ${DEVICE} ORDER BY at`],
  ['gap', `SELECT * FROM outbox_gaps WHERE ${DEVICE}`],
  // As they are stored, so that nothing has to be sorted.
  ['reading', `SELECT * FROM readings WHERE ${DEVICE} ORDER BY metric, ts`],
];

const SETTINGS = { date_time_output_format: 'iso', output_format_json_quote_denormals: 1 } as const;

/** `alive` is told of every parcel of rows. Throws while SQL is not as far as the device's last sequence number. */
export function historyExport(engine: Engine, dir: string) {
  return async (request: ExportRequest, alive: () => void): Promise<ExportedHistory> => {
    await refuseUnlessWhole(engine, request);
    await mkdir(dir, { recursive: true });
    const file = join(dir, `${request.name}.ndjson.gz`);
    const rows: Record<string, number> = {};
    const hash = createHash('sha256');
    let bytes = 0;
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        bytes += chunk.length;
        done(null, chunk);
      },
    });
    const partial = `${file}.partial`;
    const lines = Readable.from(linesOf(engine, request, rows, alive));
    await pipeline(lines, createGzip(), counted, createWriteStream(partial, { mode: 0o600 }));
    await rename(partial, file);
    return { file, bytes, sha256: hash.digest('hex'), rows };
  };
}

async function* linesOf(
  engine: Engine,
  { tenant, device_id: device }: ExportRequest,
  rows: Record<string, number>,
  alive: () => void,
): AsyncGenerator<string> {
  for (const [kind, query] of PARTS) {
    rows[kind] = 0;
    const answer = await engine.query({
      ...{ query, query_params: { tenant, device }, format: 'JSONEachRow', clickhouse_settings: SETTINGS },
    });
    for await (const parcel of answer.stream()) {
      alive();
      rows[kind] += parcel.length;
      yield parcel.map(({ text }) => `{"kind":"${kind}",${text.trim().slice(1)}\n`).join('');
    }
  }
  // Whoever reads it can tell a whole file from one that was cut.
  yield `${JSON.stringify({ kind: 'end', rows })}\n`;
}

async function refuseUnlessWhole(engine: Engine, request: ExportRequest): Promise<void> {
  const { tenant, device_id: device, agent_id: agent, last_seq } = request;
  if (last_seq === null || agent === null) return;
  const of = `WHERE ${DEVICE} AND agent_id = {agent:String}`;
  // What the agent had to give up is on record in place of the readings.
  const query = `SELECT greatest((SELECT max(seq) FROM readings ${of}), (SELECT max(to_seq) FROM outbox_gaps ${of})) AS seq`;
  const answer = await engine.query({ query, query_params: { tenant, device, agent }, format: 'JSONEachRow' });
  const [found] = await answer.json<{ seq: string | number }>();
  const seq = Number(found?.seq ?? 0);
  if (seq < last_seq) throw new Error(`SQL has the device's readings up to ${seq} of ${last_seq}`);
}
