import { schemas } from '../../../schemas/codec';
import { StreamError } from '../../../schemas/stream';
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
