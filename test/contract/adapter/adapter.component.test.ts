/** Every adapter, found by its folder, against every behaviour of the contract, over real sockets. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../schemas/root';
import { BEHAVIOURS } from './behaviours';
import { type Harness } from './harness';
import { impatiently, Observer } from './observer';

const folders = (path: string): string[] => readdirSync(path, { withFileTypes: true }).map((e) => e.name);
const adapters = folders(join(projectRoot(), 'edge-agent', 'adapters'));
const harnesses = folders(join(__dirname, 'harness')).flatMap(
  (file) => jest.requireActual<{ harnesses: readonly Harness[] }>(join(__dirname, 'harness', file)).harnesses,
);

const TEST_MS = 60_000;

test.each(adapters)('adapter %s is held to the contract', (name) => {
  expect(harnesses.map((h) => h.adapter)).toContain(name);
});

describe.each(harnesses.map((h) => [`${h.adapter}: ${h.variant}`, h] as const))('%s', (_, harness) => {
  const run = async (name: string): Promise<void> => {
    const rig = await harness.create();
    try {
      await BEHAVIOURS[name]?.(rig, new Observer());
    } finally {
      await rig.dispose();
    }
  };
  const held = Object.keys(BEHAVIOURS).filter((name) => !(name in harness.waivers));
  const waived = Object.entries(harness.waivers);

  test.each(held)('%s', (name) => run(name), TEST_MS);

  for (const [name, reason] of waived)
    test(
      `does not have to: ${name} (${reason})`,
      async () => {
        expect(Object.keys(BEHAVIOURS)).toContain(name);
        expect(reason).not.toBe('');
        await expect(impatiently(() => run(name))).rejects.toBeDefined();
      },
      TEST_MS,
    );
});
