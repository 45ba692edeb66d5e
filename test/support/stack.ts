/**
 * Real components for a component test, on free ports, in a temporary folder:
 *
 *   const stack = await startStack({ want: ['kafka', 'schema-registry'] });
 *   const config = streamConfig(stack.env, 'my-test');
 *   await stack.kill('kafka'); await stack.restart('kafka'); await stack.stop();
 *
 * The first use on a machine installs them (half a minute); afterwards a start takes about 6 s. Nothing outlives the
 * test process. `clickhouse` needs a build (npx tsc -p tsconfig.build.json).
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clickHouseSpec } from '../../deploy/local/components/clickhouse';
import { type KafkaExtras, kafkaSpec } from '../../deploy/local/components/kafka';
import { schemaRegistrySpec } from '../../deploy/local/components/schema-registry';
import { type LocalSecurity } from '../../deploy/local/secure/certificates';
import { type ComponentName, type ComponentSpec, type HttpSecurity } from '../../deploy/local/components/spec';
import { temporalSpec } from '../../deploy/local/components/temporal';
import { type ComponentPaths, ensureComponents } from '../../deploy/local/install/ensure';
import { freePorts } from '../../deploy/local/ports';
import { projectRoot } from '../../schemas/root';
import { cpuSeconds } from '../bench/support/cpu';
import { copyFormatted, sharedRegistry } from './shared';
import { type RunningSpec, runSpec, whenThisProcessDies } from './run-spec';

/** Children of a killed component may write for another moment. */
const WHILE_THEY_END = { maxRetries: 50, retryDelay: 20 };

export interface StackPorts {
  readonly kafka: number;
  readonly kafkaController: number;
  readonly schemaRegistry: number;
  readonly clickhouse: number;
  readonly temporal: number;
}

export interface Stack {
  /** KAFKA_BROKERS, SCHEMA_REGISTRY_URL, CLICKHOUSE_*, TEMPORAL_*: of the components that were asked for. */
  readonly env: Readonly<Record<string, string>>;
  readonly ports: StackPorts;
  /** State and logs (`logs/<name>.log`); removed by stop(). */
  readonly dataDir: string;
  /** Ends everything and removes the data. Safe to call twice. */
  stop(): Promise<void>;
  /** kill -9. */
  kill(name: ComponentName): Promise<void>;
  /** Processor time that it has taken since its last start, s. */
  cpuSeconds(name: ComponentName): number;
  /** Starts it on its port and data; stops it in order first when it runs. Resolves when it is ready. */
  restart(name: ComponentName): Promise<void>;
}

export interface StackOptions {
  readonly want: readonly ComponentName[];
  readonly kafka?: KafkaExtras;
  /** TLS everywhere; its registry is its own. */
  readonly security?: LocalSecurity;
  /** A registry that can be killed and whose ids nobody else takes, not the one that a run of jest shares. */
  readonly ownRegistry?: boolean;
}

/** Rejects, with nothing left running, when one of them does not come up. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { want: all, security } = options;
  const extras = { ...options.kafka, ...(security && { security: security.broker }) };
  const ownRegistry = options.ownRegistry === true || security !== undefined;
  const shared = all.includes('schema-registry') && !ownRegistry ? sharedRegistry() : undefined;
  const want = shared === undefined ? all : all.filter((name) => name !== 'schema-registry');
  const wanted = new Set(want.filter((name) => name !== 'clickhouse'));
  const paths = await ensureComponents({ projectRoot: projectRoot(), want: wanted, report: () => undefined });
  const [kafka = 0, kafkaController = 0, schemaRegistry = 0, clickhouse = 0, temporal = 0] = await freePorts(5);
  const ports: StackPorts = { kafka, kafkaController, schemaRegistry, clickhouse, temporal };
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-stack-'));
  const janitor = whenThisProcessDies('sleep 1; rm -rf -- "$1"', dataDir);
  if (wanted.has('kafka')) copyFormatted(dataDir);
  const specs = new Map(want.map((name) => [name, specOf(name, { dataDir, ports, paths, extras, security })]));
  const stack = new RunningStack({ specs, shared, ports, dataDir }, () => janitor.kill('SIGKILL'));
  const starts = await Promise.allSettled(want.map((name) => stack.restart(name)));
  const failed = starts.find((start) => start.status === 'rejected');
  if (failed) {
    await stack.stop();
    throw failed.reason;
  }
  return stack;
}

interface StackParts {
  readonly specs: ReadonlyMap<ComponentName, ComponentSpec>;
  readonly shared: string | undefined;
  readonly ports: StackPorts;
  readonly dataDir: string;
}

class RunningStack implements Stack {
  readonly env: Readonly<Record<string, string>>;
  readonly ports: StackPorts;
  readonly dataDir: string;
  private readonly specs: ReadonlyMap<ComponentName, ComponentSpec>;
  private readonly running = new Map<ComponentName, RunningSpec>();

  constructor(
    { specs, shared, ports, dataDir }: StackParts,
    private readonly stopped: () => void,
  ) {
    this.specs = specs;
    this.ports = ports;
    this.dataDir = dataDir;
    const own = [...specs.values()].map((spec) => spec.clientEnv);
    this.env = Object.assign({}, ...own, shared !== undefined && { SCHEMA_REGISTRY_URL: shared }) as Record<
      string,
      string
    >;
  }

  async stop(): Promise<void> {
    // Nobody asks for their data any more: to end in order would cost a broker seconds.
    await Promise.all([...this.running.values()].map((component) => component.kill()));
    this.running.clear();
    rmSync(this.dataDir, { recursive: true, force: true, ...WHILE_THEY_END });
    this.stopped();
  }

  async kill(name: ComponentName): Promise<void> {
    if (!this.specs.has(name)) throw new Error(`${name} is not part of this stack, or shared`);
    await this.running.get(name)?.kill();
    this.running.delete(name);
  }

  cpuSeconds(name: ComponentName): number {
    return cpuSeconds(this.running.get(name)?.pid ?? 0);
  }

  async restart(name: ComponentName): Promise<void> {
    const spec = this.specs.get(name);
    if (!spec) throw new Error(`${name} is not part of this stack`);
    await this.running.get(name)?.stop();
    this.running.delete(name);
    this.running.set(name, await runSpec(spec, join(this.dataDir, 'logs', `${name}.log`)));
  }
}

interface SpecParts {
  readonly dataDir: string;
  readonly ports: StackPorts;
  readonly paths: ComponentPaths;
  readonly extras: KafkaExtras;
  readonly security: LocalSecurity | undefined;
}

function specOf(name: ComponentName, { dataDir, ports, paths, extras, security }: SpecParts): ComponentSpec {
  switch (name) {
    case 'kafka':
      return kafkaSpec({ dataDir, paths, ports: { broker: ports.kafka, controller: ports.kafkaController }, extras });
    case 'schema-registry':
      return schemaRegistrySpec({
        ...{ dataDir, paths, ports: { http: ports.schemaRegistry } },
        ...(security && { security: { ...security.http, user: 'millrace', passwordFile: passwordIn(dataDir) } }),
      });
    case 'temporal':
      return temporalSpec({ dataDir, paths, ports: { grpc: ports.temporal } });
    case 'clickhouse':
      return clickHouseOf(dataDir, ports, security?.http);
  }
}

function passwordIn(dataDir: string): string {
  const file = join(dataDir, 'password');
  writeFileSync(file, 'test-only', { mode: 0o600 });
  return file;
}

function clickHouseOf(dataDir: string, ports: StackPorts, security: HttpSecurity | undefined): ComponentSpec {
  const spec = clickHouseSpec({
    ...{ dataDir, passwordFile: passwordIn(dataDir), projectRoot: projectRoot(), user: 'millrace' },
    ports: { http: ports.clickhouse },
    ...(security && { security }),
  });
  if (!existsSync(spec.args[0] ?? '')) throw new Error('clickhouse is not compiled: npx tsc -p tsconfig.build.json');
  return { ...spec, clientEnv: { ...spec.clientEnv, CLICKHOUSE_PASSWORD: 'test-only' } };
}
