/**
 * What is signed of an image for devices, in the manner of TUF: which model it is for, its length and hash, until when it
 * may be installed, and a counter that only goes up. Platform and edge verify with the same code; nobody installs an
 * image by its name. Pure but for node's own Ed25519 and SHA-256.
 *
 *   {"signed": {…}, "signatures": [{"keyid": sha256 of the public key, "sig": base64 of Ed25519 over canonical(signed)}]}
 */
import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

export const MANIFEST_SPEC = 1;
export const MAX_MANIFEST_BYTES = 16_384;
export const MAX_SIGNATURES = 16;
/** Largest image, bytes. */
export const MAX_IMAGE_BYTES = 1024 ** 3;

export interface ImageManifest {
  readonly spec: typeof MANIFEST_SPEC;
  readonly kind: 'firmware' | 'configuration';
  /** Model of the devices it is for. */
  readonly model: string;
  readonly version: string;
  /** Never installed below the highest one a device has had: old images with known holes stay out. */
  readonly counter: number;
  /** Bytes. */
  readonly length: number;
  /** Hex. */
  readonly sha256: string;
  /** ISO 8601; not installed from then on. */
  readonly expires: string;
}

export interface SignedManifest {
  readonly signed: ImageManifest;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

export type ManifestRefusal = 'malformed' | 'unsigned' | 'expired' | 'wrong-model' | 'rolled-back' | 'oversized';

export type ManifestVerdict =
  | { readonly ok: true; readonly manifest: ImageManifest }
  | { readonly ok: false; readonly code: ManifestRefusal; readonly reason: string };

export interface Trust {
  /** Public keys by key id. */
  readonly keys: ReadonlyMap<string, KeyObject>;
  /** Different keys that must have signed. */
  readonly threshold: number;
}

export interface Circumstances {
  /** ms since 1970-01-01 UTC. */
  readonly now: number;
  readonly model: string;
  /** Highest counter the device has had. */
  readonly counter: number;
}

/** JSON with sorted keys and no blanks: the same bytes whoever writes it. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, v]) => `${JSON.stringify(key)}:${canonical(v)}`).join(',')}}`;
}

export function keyId(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** Reads PEM blocks, one after the other. Throws when one is no Ed25519 public key. */
export function trustOf(pem: string, threshold = 1): Trust {
  const blocks = pem.match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g) ?? [];
  const keys = blocks.map((block) => createPublicKey(block));
  for (const key of keys)
    if (key.asymmetricKeyType !== 'ed25519') throw new TypeError(`a key is ${key.asymmetricKeyType}, not ed25519`);
  return { keys: new Map(keys.map((key) => [keyId(key), key])), threshold };
}

export function signManifest(signed: ImageManifest, privateKeys: readonly KeyObject[]): SignedManifest {
  const bytes = Buffer.from(canonical(signed));
  const signatures = privateKeys.map((key) => ({
    keyid: keyId(createPublicKey(key)),
    sig: sign(null, bytes, key).toString('base64'),
  }));
  return { signed, signatures };
}

/** Whether this image may be installed on this device now. Signatures come before everything that the content says. */
export function verifyManifest(text: string, trust: Trust, device: Circumstances): ManifestVerdict {
  if (Buffer.byteLength(text) > MAX_MANIFEST_BYTES) return refused('oversized', `over ${MAX_MANIFEST_BYTES} bytes`);
  const read = parseManifest(text);
  if (typeof read === 'string') return refused('malformed', read);
  const { signed } = read;
  const valid = validSignatures(read, trust);
  if (valid < trust.threshold)
    return refused('unsigned', `${valid} valid signatures of trusted keys, ${trust.threshold} are needed`);
  if (!(device.now < Date.parse(signed.expires)))
    return refused('expired', `not to be installed since ${signed.expires}`);
  if (signed.model !== device.model)
    return refused('wrong-model', `for ${signed.model}, the device is a ${device.model}`);
  if (signed.counter < device.counter)
    return refused('rolled-back', `counter ${signed.counter}, the device has had ${device.counter}`);
  return { ok: true, manifest: signed };
}

const refused = (code: ManifestRefusal, reason: string): ManifestVerdict => ({ ok: false, code, reason });

function validSignatures({ signed, signatures }: SignedManifest, { keys }: Trust): number {
  const bytes = Buffer.from(canonical(signed));
  const valid = new Set<string>();
  for (const { keyid, sig } of signatures) {
    const key = keys.get(keyid);
    if (key && verify(null, bytes, key, Buffer.from(sig, 'base64'))) valid.add(keyid);
  }
  return valid.size;
}

/** The manifest in a text, its form checked and nothing else; what is wrong with it in words otherwise. */
export function parseManifest(text: string): SignedManifest | string {
  let value: Partial<SignedManifest> | null;
  try {
    value = JSON.parse(text) as Partial<SignedManifest> | null;
  } catch {
    return 'no JSON';
  }
  const { signed, signatures } = value ?? {};
  if (typeof signed !== 'object' || signed === null) return 'signed is missing';
  if (!Array.isArray(signatures) || signatures.length > MAX_SIGNATURES) return 'signatures are missing, or too many';
  if (!signatures.every((s) => typeof s?.keyid === 'string' && typeof s.sig === 'string'))
    return 'a signature is no {keyid, sig}';
  const wrong = wrongField(signed);
  return wrong === undefined ? { signed, signatures } : `${wrong} is not as it should be`;
}

const FIELDS: Readonly<Record<keyof ImageManifest, (value: unknown) => boolean>> = {
  spec: (v) => v === MANIFEST_SPEC,
  kind: (v) => v === 'firmware' || v === 'configuration',
  model: (v) => typeof v === 'string' && v !== '' && v.length <= 128,
  version: (v) => typeof v === 'string' && v !== '' && v.length <= 128,
  counter: (v) => Number.isSafeInteger(v) && Number(v) >= 0,
  length: (v) => Number.isSafeInteger(v) && Number(v) > 0 && Number(v) <= MAX_IMAGE_BYTES,
  sha256: (v) => typeof v === 'string' && /^[0-9a-f]{64}$/.test(v),
  expires: (v) => typeof v === 'string' && !Number.isNaN(Date.parse(v)),
};

/** A field nobody knows may be a restriction somebody meant: it is as wrong as one that is missing. */
function wrongField(signed: object): string | undefined {
  const given = signed as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(given).find((name) => !(name in FIELDS));
  return unknown ?? Object.entries(FIELDS).find(([name, fits]) => !fits(given[name]))?.[0];
}
