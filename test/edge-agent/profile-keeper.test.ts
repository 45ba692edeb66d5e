import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AgentPlan } from '../../edge-agent/core/compile/plan';
import { type DesiredProfile, ProfileKeeper, type ProfileStatus } from '../../edge-agent/profile-keeper';

const profile = (address: number, agent = 'a'): string => `
agent: { id: ${agent} }
connections: [{ name: line, protocol: modbus-tcp, host: '\${PROFILE_HOST:-h}' }]
devices: [{ id: d, connection: line, points: [{ metric: x, table: holding-register, address: ${address} }] }]
`;
const wanted = (version: number, text: string, files = {}): DesiredProfile => ({ version, profile: text, files });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-keeper-'));
  writeFileSync(join(folder, 'p.yaml'), profile(1));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

class Rig {
  readonly told: ProfileStatus[] = [];
  readonly applied: number[] = [];
  readonly keeper = new ProfileKeeper({
    ...{
      file: join(folder, 'p.yaml'),
      env: { PROFILE_HOST: 'there', SECRET: 'x' },
      store: join(folder, 'profile.json'),
    },
  });

  start(): number {
    const plan = this.keeper.load();
    this.keeper.connect({
      apply: (next) => Promise.resolve(void this.applied.push(addressOf(next))),
      tell: (status) => this.told.push(status),
    });
    return addressOf(plan);
  }
}

const addressOf = (plan: AgentPlan): number =>
  (plan.devices.get('d')?.points[0]?.source as { address: number }).address;

test('starts with the file, and says so', () => {
  const rig = new Rig();
  expect(rig.start()).toBe(1);
  expect(rig.told).toEqual([{ source: 'file', version: 0, refusal: '' }]);
  expect(rig.keeper.text()).toEqual({ source: 'file', profile: expect.stringContaining('agent') as string });
});

test('what the platform desires is applied, and is there at the next start with no network', async () => {
  const rig = new Rig();
  rig.start();
  await rig.keeper.desire(wanted(3, profile(7)));
  expect(rig.applied).toEqual([7]);
  expect(rig.told.at(-1)).toEqual({ source: 'platform', version: 3, refusal: '' });
  const again = new Rig();
  expect(again.start()).toBe(7);
  expect(again.keeper.status).toEqual({ source: 'platform', version: 3, refusal: '' });
  // The topic is read from the beginning at every start.
  await again.keeper.desire(wanted(3, profile(7)));
  expect(again.applied).toEqual([]);
});

test('one that is not valid is refused with its reasons, and the last good one stays, also on disk', async () => {
  const rig = new Rig();
  rig.start();
  await rig.keeper.desire(wanted(1, profile(7)));
  await rig.keeper.desire(wanted(2, profile(70_000)));
  expect(rig.applied).toEqual([7]);
  const { refusal, ...inForce } = rig.keeper.status;
  expect(inForce).toEqual({ source: 'platform', version: 1 });
  expect(rig.keeper.text()).toEqual({ source: 'platform', profile: profile(7) });
  expect(refusal).toMatch(/version 2: .*address.*got 70000, expected 0 to 65535/);
  expect(new Rig().start()).toBe(7);
});

test.each([
  ['another agent', profile(7, 'b'), /agent_id is b/],
  [
    'a tag list that was not sent',
    profile(7).replace('points: [', 'points_csv: tags.csv, points: ['),
    /tags.csv was not sent/,
  ],
  ['a variable that is not its business', profile(7).replace('PROFILE_HOST:-h', 'SECRET'), /SECRET/],
])('%s is refused', async (_, text, reason) => {
  const rig = new Rig();
  rig.start();
  await rig.keeper.desire(wanted(1, text));
  expect(rig.applied).toEqual([]);
  expect(rig.keeper.status.refusal).toMatch(reason);
});

test('tag lists come with it', async () => {
  const rig = new Rig();
  rig.start();
  const text = profile(7).replace('points: [', 'points_csv: tags.csv, points: [');
  await rig.keeper.desire(wanted(1, text, { 'tags.csv': 'tag;address\ny;40010\n' }));
  expect(rig.keeper.status.refusal).toBe('');
});

test('withdrawn, the file is in force again, and changes of the file count again', async () => {
  const rig = new Rig();
  rig.start();
  await rig.keeper.desire(wanted(1, profile(7)));
  writeFileSync(join(folder, 'p.yaml'), profile(2));
  await rig.keeper.reread();
  expect(rig.applied).toEqual([7]);
  await rig.keeper.desire(undefined);
  expect(rig.applied).toEqual([7, 2]);
  expect(existsSync(join(folder, 'profile.json'))).toBe(false);
  writeFileSync(join(folder, 'p.yaml'), profile(3));
  await rig.keeper.reread();
  expect(rig.applied).toEqual([7, 2, 3]);
});

test('a file that is not valid any more is refused, and the agent goes on', async () => {
  const rig = new Rig();
  rig.start();
  writeFileSync(join(folder, 'p.yaml'), 'agent: {');
  await rig.keeper.reread();
  expect([rig.applied, rig.keeper.status.source]).toEqual([[], 'file']);
  expect(rig.keeper.status.refusal).toMatch(/valid YAML/);
});

test('a stored profile that cannot be read is said, and the file is in force', () => {
  writeFileSync(join(folder, 'profile.json'), '{');
  const rig = new Rig();
  expect(rig.start()).toBe(1);
  expect(rig.told[0]?.refusal).toMatch(/stored profile cannot be read/);
});
