import {
  decide,
  DeviceError,
  deviceFromRecord,
  deviceToRecord,
  eventFromRecord,
  eventToRecord,
  evolve,
  LIFECYCLE_STATES,
} from '../../../../services/domain/device';
import { Decoder, Encoder } from '../../../../schemas/codec';
import { context, device, request } from './given';

test.each(LIFECYCLE_STATES)('a device that is %s survives its record, bytes included', (state) => {
  const original = device(state);
  const bytes = new Encoder('device-state').encode(deviceToRecord(original));
  expect(deviceFromRecord(new Decoder('device-state').decode(bytes))).toEqual(original);
});

test('an event survives its record, bytes included', () => {
  const decision = decide(device('active'), request('update', { labels: { a: 'ü' } }), context);
  if (decision.kind !== 'accepted') throw new Error(decision.kind);
  const bytes = new Encoder('device-event').encode(eventToRecord(decision.event));
  expect(eventFromRecord(new Decoder('device-event').decode(bytes))).toEqual(decision.event);
});

const stateRecord = deviceToRecord(device('active'));
const eventRecord = {
  event_id: 'e',
  tenant: 't',
  device_id: 'd',
  version: 2,
  type: 'suspended',
  state_from: 'active',
  state_to: 'suspended',
  at: 1,
  actor: 'a',
  reason: null,
  request_id: 'r',
  data: '{}',
};

test.each<[string, () => unknown]>([
  ['an unknown state', () => deviceFromRecord({ ...stateRecord, state: 'melted' })],
  ['an unknown event type', () => eventFromRecord({ ...eventRecord, type: 'melted' })],
  ['an unknown state before', () => eventFromRecord({ ...eventRecord, state_from: 'melted' })],
  ['data that is no JSON', () => eventFromRecord({ ...eventRecord, data: '{' })],
  ['data that is no object', () => eventFromRecord({ ...eventRecord, data: '[]' })],
])('%s is refused with a hint', (_, read) => {
  expect(read).toThrow(DeviceError);
  expect(read).toThrow(expect.objectContaining({ code: 'unreadable-record' }));
});

describe('an event that cannot follow', () => {
  const suspended = eventFromRecord(eventRecord);
  const registered = eventFromRecord({
    ...eventRecord,
    type: 'registered',
    version: 1,
    state_from: null,
    state_to: 'registered',
  });
  test.each<[string, () => unknown]>([
    ['a move of nobody', () => evolve(null, suspended)],
    ['a gap in versions', () => evolve(device('active', { version: 5 }), suspended)],
    ['the same version again', () => evolve(device('active', { version: 2 }), suspended)],
    ['another state before', () => evolve(device('registered', { version: 1 }), suspended)],
    ['a second birth', () => evolve(device('active'), registered)],
    ['a birth at version 2', () => evolve(null, { ...registered, version: 2 })],
  ])('%s', (_, apply) => {
    expect(apply).toThrow(expect.objectContaining({ code: 'impossible-event' }));
  });
});
