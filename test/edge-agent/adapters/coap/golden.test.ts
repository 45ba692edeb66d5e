/**
 * Golden cases: test/golden/coap/<case>/ holds profile.yaml, datagrams.json (what devices post) and expected.json: the bytes
 * of the datagram, and the readings. GOLDEN=write makes expected.json anew: read it before you commit it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CODE, decode, encode, OPTION, uint, uintOf, uriOptions } from '../../../../edge-agent/adapters/coap/codec';
import { decodePost } from '../../../../edge-agent/adapters/coap/plan';
import { toReading } from '../../../../edge-agent/core/reading';
import { type DevicePlan } from '../../../../edge-agent/core/compile/plan';
import { readPlan } from '../../../../edge-agent/profile-file';
import { PayloadError } from '../../../../edge-agent/wire/payload';
import { PostedDevice } from '../../../../edge-agent/wire/posts/device';
import { projectRoot } from '../../../../schemas/root';

const FOLDER = join(projectRoot(), 'test/golden/coap');
const NOW = 1_700_000_100_000;
const PATH = '/v1/devices/pump-7/readings?token=change-me-now';

interface Datagram {
  readonly why: string;
  readonly message: { readonly id: number; readonly token: string; readonly format: number };
  readonly text?: string;
  readonly hex?: string;
}

function bytesOf({ message: { id, token, format }, text, hex }: Datagram): Buffer {
  const payload = text === undefined ? Buffer.from((hex ?? '').replaceAll(' ', ''), 'hex') : Buffer.from(text);
  const options = [...uriOptions(PATH), uint(OPTION.contentFormat, format)];
  return encode({ type: 'con', code: CODE.post, id, token: Buffer.from(token, 'hex'), options, payload });
}

function meaning(device: DevicePlan, datagram: Datagram): unknown {
  const bytes = bytesOf(datagram);
  const message = decode(bytes);
  const posted = new PostedDevice(device, 's');
  const seen = { why: datagram.why, header: bytes.subarray(0, 4 + message.token.length).toString('hex') };
  try {
    const entries = decodePost(uintOf(message, OPTION.contentFormat) ?? -1, message.payload, NOW);
    const readings = entries.flatMap((entry) =>
      posted.samples(entry, NOW).map((sample) => {
        const point = device.byMetric.get(sample.metric);
        if (!point) throw new Error(`no point ${sample.metric}`);
        const { value, quality, at } = toReading(point, sample);
        return `${sample.metric} ${typeof value} ${String(value)} quality ${quality} at ${at === NOW ? 'arrival' : at}`;
      }),
    );
    return { ...seen, readings };
  } catch (error) {
    if (!(error instanceof PayloadError)) throw error;
    return { ...seen, refused: error.message };
  }
}

test.each(readdirSync(FOLDER))('%s', (name) => {
  const folder = join(FOLDER, name);
  const device = readPlan(join(folder, 'profile.yaml'), {}).devices.get('pump-7') as DevicePlan;
  const datagrams = JSON.parse(readFileSync(join(folder, 'datagrams.json'), 'utf8')) as Datagram[];
  const found = datagrams.map((d) => meaning(device, d));
  const file = join(folder, 'expected.json');
  if (process.env['GOLDEN'] === 'write') writeFileSync(file, `${JSON.stringify(found, undefined, 2)}\n`);
  expect(found).toEqual(JSON.parse(readFileSync(file, 'utf8')));
});
