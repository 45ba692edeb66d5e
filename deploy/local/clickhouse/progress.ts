/**
 * X-ClickHouse-Progress: how far a running query is, for clients that ask (send_progress_in_http_headers). The samples
 * are sent with the first byte of the answer, all together: node sends headers in one piece.
 */
import { type ServerResponse } from 'node:http';
import { type Engine } from './engine';
import { quote } from './statement';

/** Later samples replace the earlier ones: headers have a bound. */
export const MAX_SAMPLES = 20;
const HEADER = 'X-ClickHouse-Progress';

/** Gives the function that ends the watch. */
export function watchProgress(
  engine: Pick<Engine, 'ask'>,
  mark: string,
  every_ms: number,
  response: Pick<ServerResponse, 'headersSent' | 'setHeader'>,
): () => void {
  const samples: string[] = [];
  const sql = `SELECT read_rows, read_bytes, total_rows_approx, toUInt64(elapsed * 1e9) FROM system.processes WHERE Settings['log_comment'] = ${quote(mark)} AND query NOT LIKE '%system.processes%' LIMIT 1`;
  let asking = false;
  const sample = async (): Promise<void> => {
    const line = await engine.ask(sql);
    if (line === '' || response.headersSent) return;
    const [read_rows = '0', read_bytes = '0', total_rows_to_read = '0', elapsed_ns = '0'] = line.split('\t');
    if (samples.length === MAX_SAMPLES) samples.shift();
    samples.push(JSON.stringify({ read_rows, read_bytes, total_rows_to_read, elapsed_ns }));
    response.setHeader(HEADER, samples);
  };
  const timer = setInterval(() => {
    if (asking || response.headersSent) return;
    asking = true;
    void sample()
      .catch(() => undefined) // a progress that cannot be told is no reason to fail the query
      .finally(() => (asking = false));
  }, every_ms);
  return () => clearInterval(timer);
}
