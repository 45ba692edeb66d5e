/** Composition root of the relay. */
import { setTimeout as sleep } from 'node:timers/promises';
import { streamConfig } from '../../schemas/stream';
import { runService } from '../lib/service';
import { temporalConfig } from '../lib/temporal';
import { GROUP, startRelay } from './relay';

void runService('relay', process.env, ({ log, metrics, tracer, env }) =>
  startRelay({
    log,
    registry: metrics,
    tracer,
    stream: streamConfig(env, GROUP),
    temporal: temporalConfig(env),
    now: Date.now,
    sleep: (ms, signal) => sleep(ms, undefined, signal && { signal }).catch(() => undefined),
  }),
);
