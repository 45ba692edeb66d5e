/**
 * `up` with processes of a test's own: node -r typescript.js fake-launcher.ts DATA_DIR, FAKE_NODES=[{name, port, traits}].
 * Everything else (lock, run file, signals, takeover, port check) is the real launcher's.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Context } from '../../../deploy/cli/context';
import { explain } from '../../../deploy/cli/errors';
import { launch } from '../../../deploy/cli/up/launch';
import { type UpOptions } from '../../../deploy/cli/up/options';
import { dataDir } from '../../../deploy/local/data-dir';
import { tcpProbe } from '../../../deploy/local/probes';
import { INSTANCE_VARIABLE, instanceValue, processesOf } from '../../../deploy/local/supervisor/instance';
import { type ProcessSpec } from '../../../deploy/local/supervisor/spec';

interface FakeNode {
  readonly name: string;
  readonly port: number;
  readonly traits?: readonly string[];
  readonly needs?: readonly string[];
  /** Another value makes it another process. */
  readonly build?: string;
}

const dir = dataDir(process.argv[2] ?? '');
const nodes = (JSON.parse(process.env['FAKE_NODES'] ?? '[]') as FakeNode[]).map(
  ({ name, port, traits = [], needs = [], build = '1' }): ProcessSpec => ({
    kind: 'process',
    name,
    needs,
    command: process.execPath,
    args: [join(__dirname, 'child.js'), String(port), ...traits],
    env: { BUILD: build },
    cwd: dir.path,
    ports: [port],
    address: `127.0.0.1:${port}`,
    ready: tcpProbe('127.0.0.1', port),
    readyTimeout_ms: 10_000,
    stopSignal: 'SIGTERM',
    stopTimeout_ms: 2_000,
  }),
);

const context: Context = {
  projectRoot: join(__dirname, '..', '..', '..'),
  env: process.env,
  io: {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    outTty: false,
    errTty: false,
    color: { out: false, err: false },
    input: false,
  },
  dir: () => dir,
};
const options: UpOptions = {
  detach: false,
  plant: true,
  secure: false,
  profile: '',
  autoPorts: false,
  ports: {},
  summary: false,
  without: [],
};
const planner = (): ReturnType<Parameters<typeof launch>[2] & object> => {
  mkdirSync(dir.path, { recursive: true });
  const instance = instanceValue(dir.instance, process.env[INSTANCE_VARIABLE]);
  return Promise.resolve({ nodes, instance, leftovers: processesOf(dir.instance), facts: {}, externals: {} });
};

launch(context, options, planner).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(explain(error));
    process.exit(1);
  },
);
