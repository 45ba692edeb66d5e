import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CanaryApi, round, setpointOf } from '../../../deploy/canary/round';
import { readPlan } from '../../../edge-agent/profile-file';
import { projectRoot } from '../../../schemas/root';

/** A platform that answers after so many looks. */
class FakePlatform implements CanaryApi {
  readonly asked: string[] = [];
  private looks = 0;

  constructor(
    private readonly verifiedAfter: number,
    private readonly inSqlAfter: number,
    private readonly state = 'delivered',
  ) {}

  post<T>(path: string, body: unknown): Promise<T> {
    this.asked.push(`POST ${path} ${JSON.stringify(body)}`);
    return Promise.resolve({ command_id: 'c1', state: 'issued' } as T);
  }

  get<T>(path: string): Promise<T> {
    this.asked.push(`GET ${path}`);
    this.looks++;
    const answer = path.startsWith('/commands/')
      ? { command_id: 'c1', state: this.looks >= this.verifiedAfter ? 'verified' : this.state, detail: 'no' }
      : { items: this.looks >= this.inSqlAfter ? [{ value: 55 }] : [{ value: 54 }] };
    return Promise.resolve(answer as T);
  }
}

function clockOf() {
  let t = 1_000_000;
  return {
    now: () => t,
    sleep: (ms: number) => {
      t += ms;
      return Promise.resolve();
    },
  };
}

const asked = { device: 'canary-boiler', setpoint: 55, timeout_ms: 5_000 };

test('measures the command, and the reading after it', async () => {
  const platform = new FakePlatform(3, 6);
  expect(await round(platform, clockOf(), asked)).toEqual({ command_s: 0.5, reading_s: 0.5 });
  expect(platform.asked[0]).toContain('{"name":"set-setpoint","args":{"value":55},"timeout_ms":5000}');
  expect(platform.asked.at(-1)).toContain('metric=setpoint');
});

test.each([
  ['command-late', new FakePlatform(1_000, 1)],
  ['reading-late', new FakePlatform(1, 1_000)],
  ['command-failed', new FakePlatform(1_000, 1, 'outcome-unknown')],
] as const)('%s', async (code, platform) => {
  await expect(round(platform, clockOf(), asked)).rejects.toMatchObject({ code });
});

test('a setpoint is never that of the round before', () => {
  const some = Array.from({ length: 200 }, (_, n) => setpointOf(n));
  expect(some.every((s, i) => i === 0 || s !== some[i - 1])).toBe(true);
  expect(Math.min(...some)).toBeGreaterThanOrEqual(20);
  expect(Math.max(...some)).toBeLessThanOrEqual(95);
});

test('its profile is valid, and names the device after the agent', () => {
  const file = join(projectRoot(), 'deploy', 'canary', 'profile.yaml');
  expect(readFileSync(file, 'utf8')).toContain('${CANARY_ID}-boiler');
  const plan = readPlan(file, { CANARY_ID: 'canary' });
  expect([plan.agent_id, [...plan.devices.keys()]]).toEqual(['canary', ['canary-boiler']]);
});
