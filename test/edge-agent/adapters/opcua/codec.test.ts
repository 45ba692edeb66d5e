import fc from 'fast-check';
import { NotificationMessage, StatusCodes } from 'node-opcua-client';
import {
  ConvertError,
  fieldValue,
  isUncertainWrite,
  qualityOf,
  UaType,
  uaValue,
  type UaValue,
} from '../../../../edge-agent/adapters/opcua/codec';
import { notification } from '../../../../edge-agent/adapters/opcua/wire';
import { type FieldValue } from '../../../../edge-agent/adapter';
import { Quality } from '../../../../schemas/quality';

const scalar = (type: number, value: unknown): UaValue => ({ type, array: false, value, status: 0 });

test.each<[string, number, unknown, FieldValue | undefined]>([
  ['a negative 64-bit integer', UaType.int64, [0xffffffff, 0xfffffffe], -2n],
  ['the largest unsigned one', UaType.uint64, [0xffffffff, 0xffffffff], 2n ** 64n - 1n],
  ['a time', UaType.dateTime, new Date(0), '1970-01-01T00:00:00.000Z'],
  ['bytes', UaType.byteString, Buffer.from('0aff', 'hex'), '0aff'],
  ['a text with its language', UaType.localizedText, { text: 'Kessel', locale: 'de' }, 'Kessel'],
  ['a float', UaType.float, 21.5, 21.5],
  ['nothing', UaType.null, null, undefined],
  ['a time that is none', UaType.dateTime, new Date(NaN), undefined],
  ['a structure', 22, { a: 1 }, undefined],
])('reads %s', (_, type, value, expected) => {
  expect(fieldValue(scalar(type, value))).toEqual(expected);
});

test('an array is no single value', () => {
  expect(fieldValue({ type: UaType.double, array: true, value: [1], status: 0 })).toBeUndefined();
});

test.each<[string, number, FieldValue, unknown]>([
  ['a double rounded to an integer', UaType.int16, 2.6, 3],
  ['a 64-bit integer', UaType.int64, -2n, [0xffffffff, 0xfffffffe]],
  ['0 and 1 as booleans', UaType.boolean, 1, true],
  ['a time', UaType.dateTime, '1970-01-01T00:00:00Z', new Date(0)],
])('writes %s', (_, type, value, expected) => {
  expect(uaValue(type, value)).toEqual(expected);
});

test.each<[string, number, FieldValue]>([
  ['what is too large', UaType.byte, 256],
  ['what is no number', UaType.double, 'nonsense'],
  ['what is not finite, as an integer', UaType.int64, Infinity],
  ['a number as text', UaType.string, 1],
  ['2 as a boolean', UaType.boolean, 2],
  ['a structure', 22, 1],
])('refuses to write %s', (_, type, value) => {
  expect(() => uaValue(type, value)).toThrow(ConvertError);
});

test('64-bit integers survive both ways', () => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (n) => {
      expect(fieldValue(scalar(UaType.int64, uaValue(UaType.int64, n)))).toBe(n);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('nothing a server sends makes it throw', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 40 }),
      fc.boolean(),
      fc.anything(),
      fc.integer(),
      (type, array, value, status) => {
        const read = fieldValue({ type, array, value, status });
        expect(['undefined', 'number', 'bigint', 'string', 'boolean']).toContain(typeof read);
        expect(qualityOf(status)).toBeGreaterThanOrEqual(0);
      },
    ),
    { seed: 1, numRuns: 1_000 },
  );
});

test.each<[keyof typeof StatusCodes, number]>([
  ['Good', Quality.good],
  ['GoodLocalOverride', Quality.manual],
  ['GoodOverload', Quality.good],
  ['UncertainLastUsableValue', Quality.lastUsable],
  ['UncertainSubstituteValue', Quality.manual],
  ['UncertainEngineeringUnitsExceeded', Quality.outOfRange],
  ['UncertainSensorNotAccurate', Quality.uncertain],
  ['BadCommunicationError', Quality.notConnected],
  ['BadNoCommunication', Quality.notConnected],
  ['BadNotConnected', Quality.notConnected],
  ['BadTimeout', Quality.timeout],
  ['BadDeviceFailure', Quality.deviceException],
  ['BadSensorFailure', Quality.sensorFailure],
  ['BadNodeIdInvalid', Quality.configuration],
  ['BadNodeIdUnknown', Quality.configuration],
  ['BadAttributeIdInvalid', Quality.configuration],
  ['BadNotReadable', Quality.configuration],
  ['BadUserAccessDenied', Quality.configuration],
  ['BadConfigurationError', Quality.configuration],
  ['BadOutOfService', Quality.bad],
])('%s by the library’s own table', (name, quality) => {
  const { value } = StatusCodes[name] as { value: number };
  expect(qualityOf(value)).toBe(quality);
  // With the flag of a queue that ran over.
  expect(qualityOf(value | 0x480)).toBe(quality);
});

test('a write that the server’s own device did not answer is not certain', () => {
  expect(isUncertainWrite((StatusCodes.BadTimeout as { value: number }).value)).toBe(true);
  expect(isUncertainWrite((StatusCodes.BadNotWritable as { value: number }).value)).toBe(false);
});

test('a notification with nothing in one of its places says nothing there', () => {
  const notificationMessage = new NotificationMessage({ sequenceNumber: 7, notificationData: [null] });
  expect(notification(1, { notificationMessage })).toEqual({ subscription: 1, sequence: 7, values: [], events: [] });
});
