import { Encoder, schemas } from '../../../schemas/codec';
import { StreamError } from '../../../schemas/stream';
import { type UsableWriter } from '../../../services/domain/ingest/judge';
import { Batch } from '../../../services/projector/batch';
import { PROJECTIONS } from '../../../services/projector/projections';
import { RegistryWriters, UNKNOWN_FOR_MS } from '../../../services/projector/writers';

const telemetry = PROJECTIONS[0]!;

function world(registered: Map<number, object>, complete = true) {
  let now = 0;
  let asked = 0;
  const get = (id: number): Promise<object> => {
    asked++;
    const schema = registered.get(id);
    return schema ? Promise.resolve(schema) : Promise.reject(new StreamError('unknown-schema', 'fetch', 'none', ''));
  };
  const check = { complete: () => Promise.resolve(complete) };
  const writers = new RegistryWriters({ get }, check, { now: () => now });
  return { writers, asked: () => asked, wait: (ms: number) => (now += ms) };
}

test('a schema is fetched once and known for ever', async () => {
  const { writers, wait } = world(new Map([[1, schemas['telemetry-frame']]]));
  expect(writers.known(telemetry, 1)).toBeUndefined();
  await writers.learn(telemetry, 1);
  wait(1e9);
  expect(writers.known(telemetry, 1)).toHaveProperty('walker');
});

test('one that is not in the registry is asked for again after a while', async () => {
  const registered = new Map<number, object>();
  const { writers, wait } = world(registered);
  expect(await writers.learn(telemetry, 1)).toMatchObject({ code: 'unknown-schema' });
  expect(writers.known(telemetry, 1)).toMatchObject({ code: 'unknown-schema' });
  wait(UNKNOWN_FOR_MS);
  expect(writers.known(telemetry, 1)).toBeUndefined();
  registered.set(1, schemas['telemetry-frame']);
  expect(await writers.learn(telemetry, 1)).toHaveProperty('walker');
});

test('a schema that cannot be read as the topic’s stays refused', async () => {
  const { writers, wait } = world(new Map([[1, schemas.alarm]]));
  await writers.learn(telemetry, 1);
  wait(1e9);
  expect(writers.known(telemetry, 1)).toMatchObject({ code: 'wrong-schema' });
});

test('a registry that knows nothing of the topic is not believed', async () => {
  const { writers } = world(new Map(), false);
  await expect(writers.learn(telemetry, 1)).rejects.toMatchObject({ code: 'registry-unavailable' });
});

test.each([
  ['series', 'in_series'],
  ['frames', 'in_telemetry'],
] as const)('a batch of %s goes into %s, and its intent says so', async (shape, table) => {
  const { writers } = world(new Map([[1, schemas['telemetry-frame']]]));
  const writer = (await writers.learn(telemetry, 1)) as UsableWriter;
  const names = { tenant: 't', device_id: 'd', agent_id: 'a', seq: 1, ts: 0, received_at: 0, clock_offset_ms: 0 };
  const frame = { ...names, series: [], text_series: [], int_series: [] };
  const value = new Encoder('telemetry-frame').encodeFramed(1, frame);
  const batch = new Batch(0, true, 0, shape);
  batch.add(
    { offset: 0, timestamp: 0, key: null, value, headers: {} },
    { kind: 'good', schemaId: 1, rows: 1, windows: 1 },
  );
  const { intent, groups } = batch.prepare(() => writer);
  expect(intent.shape).toBe(shape);
  expect(groups.map((g) => g.block?.().table)).toEqual([table]);
});
