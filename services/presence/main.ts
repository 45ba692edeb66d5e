/** Presence: which devices and agents are there, as told by their sessions and their silence. */
import { randomUUID } from 'node:crypto';
import { streamConfig } from '../../schemas/stream';
import { endProcess } from '../lib/end-process';
import { runService } from '../lib/service';
import { startPresence } from './service';

void runService('presence', process.env, ({ env, log, metrics }) =>
  startPresence({
    stream: streamConfig(env, 'presence'),
    log,
    metrics,
    now: Date.now,
    newId: randomUUID,
    onFatal: endProcess,
  }),
);
