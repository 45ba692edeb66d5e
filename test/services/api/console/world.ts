/** A plant in memory behind the API, with something on every screen, and readings that keep coming. */
import { schemas } from '../../../../schemas/codec';
import { Directory } from '../../../../services/api/directory';
import { Feed } from '../../../../services/api/feed';
import { iso } from '../../../../services/api/views';
import { createKey, principal, showKey } from '../../../../services/domain/access';
import { type Harness, startApi } from '../harness';
import {
  BATCH,
  batchesAt,
  CAMPAIGN,
  fillDirectory,
  healthOf,
  historyOf,
  METRICS,
  overviewOf,
  schedulesAt,
  wave,
} from './world-data';
import { askAgent, PROFILE } from './world-drafts';

export interface World extends Harness {
  readonly viewerKey: string;
  /** One frame with the metrics of a device. */
  say(device: string, agent: string): void;
}

export async function startWorld(count: number): Promise<World> {
  const now = Date.now;
  const directory = new Directory();
  fillDirectory(directory, count, now());
  const feed = new Feed(now);
  const api = await startApi({
    ...{ now, directory, feed },
    ...{ overview: overviewOf(now), history: historyOf(now, directory), health: healthOf(now) },
    schemaOf: () => Promise.resolve(schemas.presence),
    probes: { ask: askAgent },
    workflowsUrl: 'http://127.0.0.1:8233',
  });
  const { workflows, definitions, commands } = api.deps;
  workflows.batches = () => Promise.resolve(batchesAt(now()));
  workflows.batch = (_tenant, id) => Promise.resolve(id === 'b1' ? BATCH : undefined);
  api.deps.schedules.list = () => Promise.resolve(schedulesAt(now()));
  workflows.campaign = (_tenant, id) => Promise.resolve(id === 'c1' ? CAMPAIGN : undefined);
  definitions.apply({
    ...{
      tenant: 'default',
      kind: 'model',
      name: 'boiler',
      version: 1,
      deleted: false,
      created_at: now(),
      at: now(),
      actor: 'user:alice',
    },
    ...{ event_id: 'd1', request_id: 'r1', reason: null, recent_requests: [] },
    body: JSON.stringify({
      points: [{ metric: 'setpoint', type: 'number', unit: 'Cel' }],
      commands: [
        {
          name: 'set-setpoint',
          description: 'Sets the wanted water temperature',
          args: [{ name: 'value', type: 'number', unit: 'Cel', min: 20, max: 95 }],
        },
      ],
    }),
  } as unknown as Parameters<typeof definitions.apply>[0]);
  for (const state of ['issued', 'delivered', 'executed', 'verified'] as const)
    commands.apply({
      ...{
        command_id: 'command-1',
        tenant: 'default',
        device_id: 'boiler-1',
        agent_id: 'edge-1',
        name: 'set-setpoint',
      },
      ...{
        args: '{"value":72}',
        qos: 1,
        state,
        at: now() - 240_000,
        attempt: 1,
        detail: '',
        result: '{"read_back":72}',
        seq: null,
        actor: 'user:alice',
      },
    });
  const parts = { keyId: 'a'.repeat(16), secret: 's'.repeat(43) };
  const key = createKey(
    principal('user', 'root', 'default', []),
    { name: 'screen', roles: ['viewer'], days: 30 },
    parts,
    now(),
  );
  if (key) api.deps.keys.apply(key);
  await api.deps.profiles.put({
    tenant: 'default',
    agent_id: 'edge-1',
    version: 3,
    profile: PROFILE,
    files: {},
    by: 'user:alice',
    at: now(),
  });
  let seq = 0;
  const say = (device: string, agent: string): void => {
    seq++;
    const at = now();
    feed.publish('reading', 'default', device, `m2m.telemetry:0:${seq}`, () => ({
      ...{ device_id: device, agent_id: agent, seq },
      series: METRICS.map(({ metric, base }, i) => ({
        ...{ metric, at: iso(at), value: base + wave(i, at), quality: 'good', quality_code: 0, readings: 10 },
      })),
    }));
  };
  return { ...api, say, viewerKey: showKey(parts) };
}
