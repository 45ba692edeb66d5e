/** Orders to install images, over a server that breaks off and a device in memory. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../../edge-agent/io/clock';
import { CHUNK_BYTES, download, DownloadError, type FetchRange } from '../../../../edge-agent/io/update/download';
import { type Tool } from '../../../../edge-agent/io/update/tool';
import { Updates } from '../../../../edge-agent/io/update/updates';
import { toolFor } from '../../../../edge-agent/update-orders';
import { verifyImage } from '../../../../edge-agent/verbs/verify-image';
import { type ImageManifest, signManifest, trustOf } from '../../../../schemas/manifest';
import { command } from '../../core/commands/helpers';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const trust = trustOf(String(publicKey.export({ type: 'spki', format: 'pem' })));
const LEFT_MS = 5_000;
const sha = (b: Buffer): string => createHash('sha256').update(b).digest('hex');

let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'millrace-update-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

interface Bench {
  readonly updates: Updates;
  readonly calls: string[];
  readonly told: string[];
  readonly ranges: [number, number][];
}

/** A device that does not work with an image that begins with BAD, and answers as its tool is told. */
function bench(
  image: Buffer,
  { serve = (r: Buffer) => r, tool }: { serve?: (range: Buffer) => Buffer; tool?: Tool } = {},
): Bench {
  const [calls, told, ranges]: [string[], string[], [number, number][]] = [[], [], []];
  const fetchRange: FetchRange = (_sha, from, to) => {
    ranges.push([from, to]);
    return Promise.resolve().then(() => serve(image.subarray(from, to + 1)));
  };
  const ours: Tool = (verb, { image: path }) => {
    const bad = verb === 'check' && readFileSync(path).subarray(0, 3).toString() === 'BAD';
    return Promise.resolve(bad ? 'the device does not start' : undefined);
  };
  const updates = new Updates({
    ...{ trust, clock: systemClock, file: join(directory, 'images.json') },
    tool: (verb, call, timeout) => {
      calls.push(verb);
      return (tool ?? ours)(verb, call, timeout);
    },
    download: (m, until) => download(m, until, { directory, fetchRange, clock: systemClock }),
    onInstalled: (device, version) => void told.push(`${device} ${version}`),
  });
  return { updates, calls, told, ranges };
}

const manifestOf = (image: Buffer, change: Partial<ImageManifest> = {}): ImageManifest => ({
  ...{ spec: 1, kind: 'firmware', model: 'press', version: '2.0', counter: 3, length: image.length },
  ...{ sha256: sha(image), expires: '2099-01-01T00:00:00Z', ...change },
});
const order = (image: Buffer, change: Partial<ImageManifest> = {}) =>
  command({
    name: 'millrace.update',
    args: JSON.stringify({ manifest: JSON.stringify(signManifest(manifestOf(image, change), [privateKey])) }),
  });
const back = (image: Buffer) =>
  command({ name: 'millrace.update-rollback', args: JSON.stringify({ sha256: sha(image) }) });

const good = Buffer.from('good image');

test('verified, downloaded, applied, checked, told; and not again when it is there', async () => {
  const { updates, calls, told } = bench(good);
  expect(await updates.carryOut(order(good), 'press', LEFT_MS)).toMatchObject({
    ok: true,
    result: { version: '2.0', from: '' },
  });
  expect([calls, told]).toEqual([['apply', 'check'], ['press-1 2.0']]);
  expect(await updates.carryOut(order(good), 'press', LEFT_MS)).toMatchObject({ ok: true, result: { already: true } });
  expect(calls).toHaveLength(2);
});

test('an image that does not work is put back, and what was there counts', async () => {
  const bad = Buffer.from('BAD image');
  const { updates, calls } = bench(bad);
  expect(await updates.carryOut(order(bad), 'press', LEFT_MS)).toEqual({
    ok: false,
    detail: 'check: the device does not start',
    result: { step: 'check', rolled_back: true },
  });
  expect(calls).toEqual(['apply', 'check', 'rollback']);
  expect(await updates.carryOut(back(bad), 'press', LEFT_MS)).toMatchObject({ ok: true, result: { already: true } });
});

test('what cannot be put back is said so', async () => {
  const tool: Tool = (verb) => Promise.resolve(verb === 'apply' ? undefined : `${verb} broke`);
  const { updates } = bench(good, { tool });
  expect(await updates.carryOut(order(good), 'press', LEFT_MS)).toEqual({
    ok: false,
    detail: 'check: check broke; and not put back: rollback broke',
    result: { step: 'check', rolled_back: false },
  });
});

test.each<[string, object, object]>([
  ['wrong model', { model: 'pump' }, { detail: expect.stringContaining('wrong-model') }],
  ['expired', { expires: '2020-01-01T00:00:00Z' }, { detail: expect.stringContaining('expired') }],
  ['longer than signed for', { length: good.length - 1 }, { result: { step: 'download', rolled_back: null } }],
  ['shorter than signed for', { length: good.length + 1 }, { result: { step: 'download', rolled_back: null } }],
  ['another content', { sha256: 'ab'.repeat(32) }, { detail: expect.stringContaining('not what was signed') }],
])('%s: refused, the device untouched', async (_what, change, expected) => {
  const { updates, calls } = bench(good);
  expect(await updates.carryOut(order(good, change), 'press', 900)).toMatchObject({ ok: false, ...expected });
  expect(calls).toEqual([]);
});

test('after a newer one an older one is refused, also by an agent that was restarted; going back is an order', async () => {
  const next = Buffer.from('next image');
  const first = bench(good);
  await first.updates.carryOut(order(good), 'press', LEFT_MS);
  const second = bench(next);
  await second.updates.carryOut(order(next, { version: '3.0', counter: 4 }), 'press', LEFT_MS);
  const third = bench(good);
  expect(await third.updates.carryOut(order(good), 'press', LEFT_MS)).toMatchObject({
    detail: expect.stringContaining('rolled-back'),
  });
  expect(await third.updates.carryOut(back(next), 'press', LEFT_MS)).toMatchObject({
    ok: true,
    result: { version: '2.0' },
  });
  expect(await third.updates.carryOut(back(next), 'press', LEFT_MS)).toMatchObject({ result: { already: true } });
  expect(third.calls).toEqual(['rollback']);
  expect(third.told).toEqual(['press-1 2.0']);
});

test('a line that breaks goes on where it stopped, over a restart as well', async () => {
  const image = Buffer.alloc(3 * CHUNK_BYTES + 17, 7);
  let breaks = 1;
  const unsteady = bench(image, {
    serve(range) {
      if (unsteady.ranges.length === 2 && breaks-- > 0) throw new DownloadError('unreachable', 'line down');
      return range;
    },
  });
  expect(await unsteady.updates.carryOut(order(image), 'press', LEFT_MS)).toMatchObject({ ok: true });
  expect(unsteady.ranges.map(([from]) => from / CHUNK_BYTES)).toEqual([0, 1, 1, 2, 3]);

  rmSync(join(directory, sha(image)));
  rmSync(join(directory, 'images.json'));
  writeFileSync(join(directory, `${sha(image)}.part`), image.subarray(0, 2 * CHUNK_BYTES));
  const later = bench(image);
  await later.updates.carryOut(order(image), 'press', LEFT_MS);
  expect(later.ranges.map(([from]) => from / CHUNK_BYTES)).toEqual([2, 3]);
  expect(readdirSync(directory).sort()).toEqual([sha(image), 'images.json'].sort());
});

test('a server that refuses is not asked again', async () => {
  const { updates, ranges } = bench(good, {
    serve() {
      throw new DownloadError('refused', 'HTTP 404 for the image');
    },
  });
  expect(await updates.carryOut(order(good), 'press', LEFT_MS)).toMatchObject({
    detail: 'download: HTTP 404 for the image',
  });
  expect(ranges).toHaveLength(1);
});

test('devices that want the same image at once are served by one download', async () => {
  const { updates, ranges } = bench(good);
  const all = ['a', 'b', 'c'].map((device_id) => updates.carryOut({ ...order(good), device_id }, 'press', LEFT_MS));
  expect((await Promise.all(all)).every((o) => o.ok)).toBe(true);
  expect(ranges).toHaveLength(1);
  const kept = JSON.parse(readFileSync(join(directory, 'images.json'), 'utf8')) as object;
  expect(Object.keys(kept).sort()).toEqual(['a', 'b', 'c']);
});

test('a release of the agent goes to the program for it, with its manifest, and nothing of a device does', async () => {
  const seen: string[] = [];
  const tool = (name: string): Tool => {
    return (verb, { model, manifest = '' }) => {
      seen.push(`${name} ${verb} ${model} ${manifest === '' ? 'alone' : 'signed'}`);
      return Promise.resolve(undefined);
    };
  };
  const image = Buffer.from('release');
  const release = order(image, { model: 'agent' });
  const both = bench(image, { tool: toolFor({ devices: tool('devices'), agent: tool('agent') }) });
  expect(await both.updates.carryOut(release, 'agent', LEFT_MS)).toMatchObject({ ok: true });
  await both.updates.carryOut({ ...order(image), device_id: 'press-2' }, 'press', LEFT_MS);
  expect(seen.filter((s) => s.includes('apply'))).toEqual(['agent apply agent signed', 'devices apply press signed']);
  const neither = bench(image, { tool: toolFor({ devices: tool('devices'), agent: undefined }) });
  const other = order(Buffer.from('release'), { model: 'agent', version: '3.0' });
  expect(await neither.updates.carryOut({ ...other, device_id: 'edge-2' }, 'agent', LEFT_MS)).toMatchObject({
    ok: false,
    detail: expect.stringContaining('has no program for images of agent') as string,
  });
});

test('verify-image believes the signature and the bytes, and nobody’s word', () => {
  const file = (name: string, content: string | Buffer): string => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  const image = Buffer.from('release');
  const keys = file('keys', String(publicKey.export({ type: 'spki', format: 'pem' })));
  const manifest = (m: ImageManifest): string => file('manifest', JSON.stringify(signManifest(m, [privateKey])));
  const said: string[] = [];
  const judge = (content: Buffer, m: string, signatures = 1): number => {
    const options = { model: 'agent', keys, manifest: m, signatures };
    return verifyImage(file('image', content), options, Date.now(), { out: () => undefined, err: (t) => said.push(t) });
  };
  const signed = manifest(manifestOf(image, { model: 'agent' }));
  expect(judge(image, signed)).toBe(0);
  expect(judge(Buffer.from('rElease'), signed)).toBe(1);
  expect(judge(image, signed, 2)).toBe(1);
  expect(judge(image, manifest(manifestOf(image)))).toBe(1);
  expect(said.map((line) => line.split(':')[0])).toEqual(['wrong-content', 'unsigned', 'wrong-model']);
});
