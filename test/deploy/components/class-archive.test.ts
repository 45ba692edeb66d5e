import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ArchiveTrainee,
  classArchiveFlags,
  hasClassArchive,
  makeClassArchive,
} from '../../../deploy/local/components/class-archive';
import { type ComponentSpec, notReady, READY } from '../../../deploy/local/components/spec';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'millrace-archive-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A stand-in for a JVM: runs the script; `-version` says whether the archive it was given is whole. */
function trainee(script: string, ready: ComponentSpec['ready'] = async () => READY): ArchiveTrainee {
  const java = join(dir, 'java');
  const find = `for a; do case "$a" in *ArchiveClassesAtExit=*|*SharedArchiveFile=*) file=\${a#*=} ;; esac; done`;
  writeFileSync(
    java,
    `#!/bin/sh\n${find}\ncase "$*" in *-version) exec grep -q whole "$file" ;; esac\necho up >"${dir}/started"\n${script}\n`,
  );
  chmodSync(java, 0o755);
  const started = async (): ReturnType<ComponentSpec['ready']> =>
    readdirSync(dir).includes('started') ? ready() : notReady('starting');
  const specOf = (dataDir: string): ComponentSpec => ({
    ...{ name: 'kafka', command: java, args: [...classArchiveFlags(dir), '-cp', 'x', 'Main'], env: {}, cwd: dataDir },
    ...{ prepare: async () => undefined, ready: started, address: '', clientEnv: {}, ports: [] },
    ...{ stopSignal: 'SIGTERM', stopTimeout_ms: 1_000, startTimeout_ms: 1_000 },
  });
  return { ports: 1, specOf };
}

/** Waits in the shell itself, which a signal ends at once; the sleeper must not hold the streams. */
const writing = (what: string): string =>
  `trap 'kill $!; echo ${what} >"$file"; exit 143' TERM; sleep 20 >/dev/null 2>&1 & wait`;

test('the archive is what the JVM writes when it is ended', async () => {
  expect(hasClassArchive(dir)).toBe(false);
  await makeClassArchive(dir, trainee(writing('whole')));
  expect(readFileSync(join(dir, 'classes.jsa'), 'utf8')).toBe('whole\n');
  expect(readdirSync(dir).sort()).toEqual(['classes.jsa', 'java', 'started']);
  expect(hasClassArchive(dir)).toBe(true);
});

test('a torn archive is thrown away', async () => {
  await makeClassArchive(dir, trainee(writing('torn')));
  expect(readdirSync(dir).sort()).toEqual(['classes.jsa.failed', 'java', 'started']);
});

test('a component that does not start says so, and is tried again another day', async () => {
  const never = async (): ReturnType<ComponentSpec['ready']> => notReady('no');
  await makeClassArchive(dir, trainee('echo out of memory >&2; exit 1', never));
  expect(readFileSync(join(dir, 'classes.jsa.failed'), 'utf8')).toContain('kafka did not start: out of memory');
  expect(hasClassArchive(dir)).toBe(true);
  utimesSync(join(dir, 'classes.jsa.failed'), 0, 0);
  expect(hasClassArchive(dir)).toBe(false);
});

test('an interrupted training is repeated at the next start', async () => {
  const never = async (): ReturnType<ComponentSpec['ready']> => notReady('no');
  await makeClassArchive(dir, trainee('kill -s INT $$; exit 130', never));
  expect(hasClassArchive(dir)).toBe(false);
});
