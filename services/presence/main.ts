/** Presence: which devices and agents are there, as told by their sessions and their silence. */
import { randomUUID } from 'node:crypto';
import { streamConfig } from '../../schemas/stream';
import { runService } from '../lib/service';
import { startPresence } from './service';

void runService('presence', process.env, ({ env, log, metrics }) =>
  startPresence({
    stream: streamConfig(env, 'presence'),
    log,
    metrics,
    now: Date.now,
    newId: randomUUID,
    // Out of the consumer's reach: an uncaught error stops the process in order, whoever runs it starts it again.
    onFatal: (error) =>
      setImmediate(() => {
        throw error;
      }),
  }),
);
