import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { csvToLines } from '../../../deploy/cli/device-lines';
import { cli, type Ran } from '../support/run-cli';

interface Upload {
  readonly path: string;
  readonly key: string | undefined;
  readonly body: string;
}

/** Runs the verb against a server that answers with these lines. */
async function imported(file: string, text: string, answer: string[], ...more: string[]): Promise<Ran & Upload> {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-import-'));
  let seen: Upload = { path: '', key: undefined, body: '' };
  const server = createServer((req, res) => {
    let body = '';
    req.on('data', (piece) => (body += String(piece)));
    req.on('end', () => {
      seen = { path: req.url ?? '', key: req.headers['idempotency-key'] as string | undefined, body };
      res.writeHead(200, { 'content-type': 'application/x-ndjson' }).end(answer.map((l) => `${l}\n`).join(''));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    writeFileSync(join(dir, file), text);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ran = await cli(['device', 'import', join(dir, file), ...more], { API_URL: url, MILLRACE_API_TOKEN: 's' });
    return { ...ran, ...seen };
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(dir, { recursive: true });
  }
}

const SUM = '{"done":true,"lines":2,"accepted":1,"unchanged":0,"refused":1}';

test('a file goes up as it is, under a key of its content; what was refused is told and is exit 1', async () => {
  const text = '{"device_id":"a"}\n{"device_id":"b"}\n';
  const results = [
    '{"line":1,"device_id":"a","status":201}',
    '{"line":2,"device_id":"b","status":409,"detail":"taken"}',
  ];
  const first = await imported('d.ndjson', text, [...results, SUM], '--until', 'active');
  expect(first).toMatchObject({ code: 1, body: text, path: '/api/v1/devices:bulk?until=active' });
  expect(first.err).toBe('line 2 (b): taken\n');
  expect(first.out).toBe('2 lines: 1 registered, 0 unchanged, 1 refused\n');
  expect((await imported('other-name.ndjson', text, [SUM])).key).toBe(first.key);
  expect((await imported('d.ndjson', '{"device_id":"c"}', [SUM])).key).not.toBe(first.key);
});

test('an answer without its end is a failure that says to try again', async () => {
  const { code, err } = await imported('d.ndjson', '{}', ['{"line":1,"status":201}']);
  expect(code).toBe(1);
  expect(err).toContain('import the same file again');
});

test('a table becomes lines: labels by column, empty cells left out, quotes as spreadsheets write them', async () => {
  const csv = '\uFEFFdevice_id,name,label.floor,path\r\np-1,"Pump ""A"", left",3,acme/north\r\n\r\np-2,,,\r\n';
  const { body, code } = await imported('d.csv', csv, [
    '{"done":true,"lines":2,"accepted":2,"unchanged":0,"refused":0}',
  ]);
  expect(code).toBe(0);
  expect(body.split('\n').flatMap((l) => (l ? [JSON.parse(l) as unknown] : []))).toEqual([
    { device_id: 'p-1', name: 'Pump "A", left', path: 'acme/north', labels: { floor: '3' } },
    { device_id: 'p-2' },
  ]);
});

test.each([
  ['name\nx', /line 1: no column device_id/],
  ['device_id,colour\nx,red', /line 1: unknown column colour/],
  ['device_id,name\nx,a,b', /line 2: 3 cells under 2 columns/],
  ['device_id,name\nx,"a', /line 2: a quote that does not end/],
])('%j is refused with its line', (csv, message) => {
  expect(() => csvToLines(csv)).toThrow(message);
});
