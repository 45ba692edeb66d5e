import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { httpRange } from '../../../edge-agent/io/update/download';
import { ImageStore } from '../../../services/api/image-store';
import { type Harness, startApi, TOKEN } from './harness';

let api: Harness;
let directory: string;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-images-'));
  api = await startApi({ images: new ImageStore(directory, () => 'x') });
});
afterEach(async () => {
  await api.close();
  rmSync(directory, { recursive: true, force: true });
});

const image = randomBytes(300_000);
const sha256 = createHash('sha256').update(image).digest('hex');
const url = (name = sha256) => `${api.url}/api/v1/images/${name}`;
const authorization = `Bearer ${TOKEN}`;
const put = (body: Buffer, name = sha256, headers: object = { authorization }) =>
  fetch(url(name), {
    method: 'PUT',
    body: new Uint8Array(body),
    headers: { ...headers, 'content-type': 'application/octet-stream' },
  });

test('is kept under its hash, and comes back in the pieces an agent asks for', async () => {
  expect((await put(image)).status).toBe(201);
  expect((await put(image)).status).toBe(201);
  const range = httpRange(`${api.url}/api/v1/images`, TOKEN);
  const pieces = [
    await range(sha256, 0, 99_999),
    await range(sha256, 100_000, 299_999),
    await range(sha256, 299_999, 299_999),
  ];
  expect(Buffer.concat(pieces.slice(0, 2)).equals(image)).toBe(true);
  expect(pieces[2]).toEqual(image.subarray(299_999));
  expect(Buffer.from(await (await fetch(url(), { headers: { authorization } })).arrayBuffer()).equals(image)).toBe(
    true,
  );
});

test('a content with another hash is not kept, nor is anything of it left', async () => {
  const answer = await put(image.subarray(1));
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ detail: expect.stringContaining('SHA-256') });
  expect(readdirSync(directory)).toEqual([]);
});

test.each([
  ['no token', () => put(image, sha256, {}), 401],
  ['a name that is no hash', () => put(image, '..%2Fother'), 400],
  ['an image that is not there', () => fetch(url(), { headers: { authorization } }), 404],
])('%s: refused', async (_what, ask, status) => {
  expect((await ask()).status).toBe(status);
  expect(readdirSync(directory)).toEqual([]);
});

test('an agent is told at once when asking again cannot help', async () => {
  const range = httpRange(`${api.url}/api/v1/images`, 'wrong');
  await expect(range(sha256, 0, 9)).rejects.toMatchObject({ code: 'refused' });
});
