/** Messages of AMQP, 1.0 or 0-9-1, to readings, and values to messages. Pure. */
import { AdapterError } from '../../adapter';
import { type ConnectionPlan } from '../../core/compile/plan';
import { type Arrived, type Dialect, NOTHING } from '../broker/adapter';
import { checkValue } from '../heard';
import { meaningOf } from '../mqtt/meaning';
import { MessageTable, REJECTIONS } from '../mqtt/table';
import { encodePayload, steps } from '../payload';
import { type AmqpCommand, type AmqpDeviceSettings, type AmqpPointSource, type AmqpSettings } from './settings';

export interface AmqpMessage extends Arrived {
  /** Which source of the profile it came from. */
  readonly source: number;
  /** By which its device is found: subject, to, or routing key. */
  readonly name: string;
  readonly payload: Buffer;
  /** Why it is no message; empty when it is one. */
  readonly fault: string;
}

export interface AmqpOutgoing {
  readonly to: AmqpCommand;
  readonly payload: Buffer;
}

export const CONTENT_TYPES: Readonly<Record<AmqpCommand['payload'], string>> = {
  json: 'application/json',
  cbor: 'application/cbor',
  text: 'text/plain',
};

const BAD_MESSAGE = 'bad_message';

export function amqpDialect(connection: ConnectionPlan): Dialect<AmqpMessage, AmqpOutgoing> {
  const { sources, connect_timeout_ms } = connection.settings as AmqpSettings;
  const tablesOf = (plan: ConnectionPlan): readonly MessageTable[] =>
    sources.map((source) => new MessageTable(plan, source));
  let tables = tablesOf(connection);
  return {
    counts: ['bad_times', ...REJECTIONS, BAD_MESSAGE],
    say_within_ms: connect_timeout_ms,
    silenceOf: (device) => (device.settings as AmqpDeviceSettings).silence_ms,
    adopt: (next) => (tables = tablesOf(next)),
    message: ({ source, name, payload, fault }, now) => {
      const table = tables[source];
      if (fault !== '' || !table) return { ...NOTHING, counted: [BAD_MESSAGE], complaint: `${BAD_MESSAGE}: ${fault}` };
      return meaningOf(table.read(name, payload, now));
    },
    command: (device, { metric, source }, value) => {
      const { command: to, kind } = source as AmqpPointSource;
      const name = `${device.id}/${metric}`;
      if (!to) throw new AdapterError('not-writable', 'write', name, 'say where in amqp.command');
      checkValue(kind, value, name);
      return { to, payload: encodePayload(to.payload, steps(to.value), value) };
    },
  };
}
