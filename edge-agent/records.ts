/** Events as outbox records. */
import { Encoder } from '../schemas/codec';
import { type AlarmEvent, type Point, type TelemetryFrame } from '../schemas/generated';
import { deviceKey, pointKey, Topics } from '../schemas/topics';
import { type NewSession } from './core/sessions';
import { type OutboxRecord, PRIORITY_COUNTER } from './io/outbox-api';

const frames = new Encoder('telemetry-frame');
const sessions = new Encoder('session-event');
const points = new Encoder('point');
const alarms = new Encoder('alarm');

export function frameRecord(frame: TelemetryFrame, readings: number, received_at: number): OutboxRecord {
  return {
    lane: 'telemetry',
    topic: Topics.telemetry.name,
    schema: 'telemetry-frame',
    key: deviceKey(frame.tenant, frame.device_id),
    counter: frame.device_id,
    readings,
    encode(seq) {
      frame.seq = seq;
      frame.received_at = received_at;
      return frames.encode(frame);
    },
  };
}

export function sessionRecord(event: NewSession): OutboxRecord {
  return {
    lane: 'priority',
    topic: Topics.sessions.name,
    schema: 'session-event',
    key: deviceKey(event.tenant, event.device_id),
    counter: PRIORITY_COUNTER,
    readings: 0,
    encode: (seq) => sessions.encode({ ...event, seq }),
  };
}

export function pointRecord(point: Point): OutboxRecord {
  return {
    lane: 'priority',
    topic: Topics.points.name,
    schema: 'point',
    key: pointKey(point.tenant, point.device_id, point.metric),
    counter: PRIORITY_COUNTER,
    readings: 0,
    encode: () => points.encode(point),
  };
}

export function alarmRecord(event: AlarmEvent): OutboxRecord {
  return {
    lane: 'priority',
    topic: Topics.alarms.name,
    schema: 'alarm',
    key: deviceKey(event.tenant, event.device_id),
    counter: PRIORITY_COUNTER,
    readings: 0,
    encode: (seq) => alarms.encode({ ...event, seq }),
  };
}
