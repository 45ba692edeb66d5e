/**
 * Golden cases: test/golden/can/<case>/ holds bus.dbc and frames.json, what cantools (by others) reads of random frames and
 * encodes again; made by test/golden/can/make.py, by hand.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSignal, writeSignal } from '../../../../edge-agent/adapters/can/codec';
import { type CanFrame } from '../../../../edge-agent/adapters/can/frame';
import { groupOf } from '../../../../edge-agent/adapters/can/j1939';
import { type Heard, SignalTable } from '../../../../edge-agent/adapters/can/plan';
import { type CanSource } from '../../../../edge-agent/adapters/can/settings';
import { type ConnectionPlan } from '../../../../edge-agent/core/compile/plan';
import { pointsOfDbc } from '../../../../edge-agent/core/profile/points-dbc';
import { planOfText } from '../../../../edge-agent/profile-file';
import { projectRoot } from '../../../../schemas/root';

const FOLDER = join(projectRoot(), 'test/golden/can');
const cases = readdirSync(FOLDER, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? [e.name] : []));

interface Case {
  readonly message: string;
  /** id in hex (3 or 8 digits)#data */
  readonly frame: string;
  readonly raw: Readonly<Record<string, string>>;
  readonly text: Readonly<Record<string, string>>;
  readonly encoded: string;
}

const PROFILE = `
agent: { id: a }
connections: [{ name: bus, protocol: can, host: far, can: { link: udp } }]
devices: [{ id: m, connection: bus, can: { source: 253 }, points_dbc: bus.dbc }]
`;

function connectionOf(dbc: string): ConnectionPlan {
  const [connection] = planOfText({ file: 'p.yaml', text: PROFILE, readFile: () => dbc }, {}).connections;
  if (!connection) throw new Error('no connection');
  return connection;
}

/** A J1939 frame of cantools' database is from nobody (0xfe); ours is from the device. */
function frameOf(text: string): CanFrame {
  const [id = '', hex = ''] = text.split('#');
  const number = parseInt(id, 16);
  const extended = id.length === 8;
  const isGroup = extended && number > 0xffff;
  return { id: isGroup ? (number & ~0xff) | 253 : number, extended, remote: false, data: Buffer.from(hex, 'hex') };
}

/** What the table reads of a frame, by signal. */
function readingsOf(table: SignalTable, frame: CanFrame): Map<string, unknown> {
  const moment = { now: 0, at: 0, past: false };
  const group = groupOf(frame);
  const heard: Heard[] = [...table.ofFrame(frame, moment), ...(group ? table.ofGroup(group, moment) : [])];
  return new Map(heard.flatMap((h) => h.samples.map((s) => [s.metric.split('.').at(-1) ?? '', s.value] as const)));
}

describe.each(cases)('%s, against cantools', (name) => {
  const dbc = readFileSync(join(FOLDER, name, 'bus.dbc'), 'utf8');
  const frames = JSON.parse(readFileSync(join(FOLDER, name, 'frames.json'), 'utf8')) as Case[];
  const connection = connectionOf(dbc);
  const sources = new Map(
    connection.devices.flatMap((d) => d.points.map((p) => [p.metric, p.source as CanSource] as const)),
  );
  const table = new SignalTable(connection);
  const sourceOf = (message: string, signal: string): CanSource => {
    const source = sources.get(`${message}.${signal}`) ?? sources.get(signal);
    if (!source) throw new Error(`no signal ${signal}`);
    return source;
  };

  test('reads the same signals of the same frames, with the same values', () => {
    for (const { message, frame, raw, text } of frames) {
      const read = readingsOf(table, frameOf(frame));
      expect([...read.keys()].sort()).toEqual(Object.keys(raw).sort());
      for (const [signal, value] of Object.entries(raw)) {
        const source = sourceOf(message, signal);
        if (source.kind === 'text') expect(read.get(signal)).toBe(text[signal] ?? value);
        else {
          const got = readSignal(source.signal.layout, source.signal.format, frameOf(frame).data);
          const wanted = source.signal.format === 'float' ? Number(value) : BigInt(value);
          expect(source.signal.format === 'float' ? got : BigInt(got ?? 0)).toEqual(wanted);
        }
      }
    }
  });

  test('encodes the same values into the same bytes', () => {
    for (const { message, raw, encoded } of frames) {
      const data = Buffer.alloc(encoded.length / 2);
      for (const [signal, value] of Object.entries(raw)) {
        const { layout, format } = sourceOf(message, signal).signal;
        writeSignal(layout, format, format === 'float' ? Number(value) : BigInt(value), data);
      }
      expect(data.toString('hex').toUpperCase()).toBe(encoded);
    }
  });

  test('every signal of the file is a point', () => {
    expect(pointsOfDbc(dbc).leftOut).toEqual([]);
    expect(sources.size).toBe(new Set(frames.flatMap((f) => Object.keys(f.raw).map((s) => `${f.message}.${s}`))).size);
  });
});
