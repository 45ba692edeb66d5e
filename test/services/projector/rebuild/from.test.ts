import { Encoder, schemas } from '../../../../schemas/codec';
import { PROJECTIONS } from '../../../../services/projector/projections';
import { type Log, type LogMessage, type Writers } from '../../../../services/projector/ports';
import { earliestFrom, parseFrom } from '../../../../services/projector/rebuild/from';
import { writerFor } from '../../../../services/projector/writers';
import { frame } from '../support/bed';

const telemetry = PROJECTIONS[0]!;
const encoder = new Encoder('telemetry-frame');
const NAME = { topic: telemetry.topic, partition: 0, offset: 2 };

test.each([
  ['2026-01-31T08:00:00Z', Date.UTC(2026, 0, 31, 8)],
  ['m2m.telemetry:3:17', { topic: 'm2m.telemetry', partition: 3, offset: 17 }],
])('%s', (text, expected) => expect(parseFrom(text)).toEqual(expected));

test.each(['yesterday', '17', 'm2m.telemetry:3', 'other:1:2'])('%s is neither a time nor a message', (text) => {
  expect(() => parseFrom(text)).toThrow(/neither a time nor a message/);
});

/** A partition whose messages were received at these times; null is a tombstone, NaN garbage. */
function logOf(received: readonly (number | null)[]): Pick<Log, 'watermarks' | 'open'> {
  const messages = received.map((at, i): LogMessage => {
    const value = Number.isNaN(at)
      ? Buffer.from('garbage')
      : at && encoder.encodeFramed(1, { ...frame({ seq: 1, ts: 5 }), received_at: at });
    return { offset: i, timestamp: 0, key: null, value: value === 0 ? null : value, headers: {} };
  });
  return {
    watermarks: () => Promise.resolve({ low: 1, high: messages.length }),
    open: (_t, _p, from) => {
      let at = from;
      return {
        next: () => {
          const some = messages.slice(at, at + 2);
          at += some.length;
          return Promise.resolve({ messages: some, bytes: 1, position: at, high: messages.length, arrived_at: 0 });
        },
        ready: false,
        release: () => undefined,
        close: () => undefined,
      };
    },
  };
}

const writers: Writers = {
  known: () => undefined,
  learn: (projection) => Promise.resolve(writerFor(projection, schemas['telemetry-frame'])),
};
const earliest = (received: readonly (number | null)[], offset = 2): Promise<number> =>
  earliestFrom(logOf(received), writers, telemetry, { ...NAME, offset });

test('the earliest time of what comes from there on, late ones too', async () => {
  expect(await earliest([100, 200, 900, 700, null, NaN, 800])).toBe(700);
});

test('everything is replayed when nothing there has a time', async () => {
  expect(await earliest([100, 200, null, NaN])).toBe(-Infinity);
});

test('an offset that the log does not have is refused', async () => {
  await expect(earliest([1, 2, 3], 0)).rejects.toMatchObject({ code: 'usage' });
  await expect(earliest([1, 2, 3], 3)).rejects.toMatchObject({ code: 'usage' });
});
