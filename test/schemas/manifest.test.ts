import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import {
  canonical,
  type ImageManifest,
  MAX_MANIFEST_BYTES,
  signManifest,
  trustOf,
  verifyManifest,
} from '../../schemas/manifest';

const pair = () => generateKeyPairSync('ed25519');
const [ours, second, stranger] = [pair(), pair(), pair()];
const pem = [ours, second].map((p) => p.publicKey.export({ type: 'spki', format: 'pem' })).join('\n');
const trust = trustOf(pem);
const NOW = Date.parse('2026-06-01T00:00:00Z');
const image: ImageManifest = {
  ...{ spec: 1, kind: 'firmware', model: 'boiler', version: '1.2.0', counter: 7, length: 1_000 },
  ...{ sha256: 'ab'.repeat(32), expires: '2027-01-01T00:00:00Z' },
};
const device = { now: NOW, model: 'boiler', counter: 7 };
const signed = (change: object = {}, keys = [ours.privateKey]) =>
  JSON.stringify(signManifest({ ...image, ...change }, keys));

test('what is signed, fresh, for the model and not older than what was there is taken', () => {
  expect(verifyManifest(signed(), trust, device)).toEqual({ ok: true, manifest: image });
});

test.each<[string, string, object]>([
  ['malformed', 'no json', {}],
  ['malformed', '{}', {}],
  ['malformed', 'null', {}],
  ['malformed', signed({ length: 0 }), {}],
  ['malformed', signed({ length: 2 ** 40 }), {}],
  ['malformed', signed({ sha256: 'AB' }), {}],
  ['malformed', signed({ only_in: 'winter' }), {}],
  ['unsigned', signed({}, []), {}],
  ['unsigned', signed({}, [stranger.privateKey]), {}],
  ['unsigned', signed().replace('1.2.0', '1.2.1'), {}],
  ['unsigned', signed().replace('"counter":7', '"counter":8'), {}],
  ['expired', signed(), { now: Date.parse(image.expires) }],
  ['expired', signed(), { now: NaN }],
  ['wrong-model', signed(), { model: 'pump' }],
  ['rolled-back', signed(), { counter: 8 }],
  ['oversized', `${signed()}${' '.repeat(MAX_MANIFEST_BYTES)}`, {}],
])('%s: %.60s %j', (code, text, change) => {
  expect(verifyManifest(text, trust, { ...device, ...change })).toMatchObject({ ok: false, code });
});

test('two must sign: the same key twice is one', () => {
  const two = { ...trust, threshold: 2 };
  expect(verifyManifest(signed({}, [ours.privateKey, ours.privateKey]), two, device)).toMatchObject({
    code: 'unsigned',
  });
  expect(verifyManifest(signed({}, [ours.privateKey, second.privateKey]), two, device).ok).toBe(true);
});

test('the order of keys changes nothing, any other change does', () => {
  const text = JSON.parse(signed()) as { signed: object; signatures: object };
  const turned = { signatures: text.signatures, signed: Object.fromEntries(Object.entries(text.signed).reverse()) };
  expect(verifyManifest(JSON.stringify(turned), trust, device).ok).toBe(true);
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('no flipped character of what is signed passes', () => {
  const text = signed();
  const end = text.indexOf('"signatures"');
  fc.assert(
    fc.property(fc.integer({ min: 10, max: end - 3 }), fc.integer({ min: 32, max: 126 }), (at, code) => {
      const changed = `${text.slice(0, at)}${String.fromCharCode(code)}${text.slice(at + 1)}`;
      if (changed !== text) expect(verifyManifest(changed, trust, device).ok).toBe(false);
    }),
    { numRuns: 300 },
  );
});

test('a key that is no Ed25519 key is no key', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  expect(() => trustOf(String(publicKey.export({ type: 'spki', format: 'pem' })))).toThrow(/not ed25519/);
});
