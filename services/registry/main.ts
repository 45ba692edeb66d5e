/** Registry: decides device requests and keeps the life of every device. */
import { randomUUID } from 'node:crypto';
import { streamConfig } from '../../schemas/stream';
import { runService } from '../lib/service';
import { startRegistry } from './service';

void runService('registry', process.env, ({ env, log, metrics }) =>
  startRegistry({
    stream: streamConfig(env, 'registry'),
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
