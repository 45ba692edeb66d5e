/** Registry: decides device requests and keeps the life of every device. */
import { randomUUID } from 'node:crypto';
import { streamConfig } from '../../schemas/stream';
import { endProcess } from '../lib/end-process';
import { runService } from '../lib/service';
import { startRegistry } from './service';

void runService('registry', process.env, ({ env, log, metrics }) =>
  startRegistry({
    stream: streamConfig(env, 'registry'),
    log,
    metrics,
    now: Date.now,
    newId: randomUUID,
    onFatal: endProcess,
  }),
);
