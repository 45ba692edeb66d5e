import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs';
import { type ComponentPaths } from '../install/ensure';
import { run } from '../install/run';
import { classArchiveFlags } from './class-archive';
import { type ComponentSpec, LOOPBACK, notReady, PROBE_TIMEOUT_ms, type Readiness, READY, reasonOf } from './spec';
import { emptyTemporary, temporaryFlag } from './temporary';

export interface KafkaOptions {
  /** Data folder of the instance; Kafka's own is `kafka` in it. */
  readonly dataDir: string;
  readonly ports: { readonly broker: number; readonly controller: number };
  readonly paths: ComponentPaths;
  readonly extras?: KafkaExtras;
}

/** A way in beside the usual one: through a proxy, with TLS, with a password. For tests. */
export interface KafkaListener {
  /** Upper case. */
  readonly name: string;
  readonly protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT';
  readonly port: number;
  /** Port that clients are told to come to. */
  readonly advertised: number;
}

/** Mutual TLS on every listener, and an authorizer. Files are PEM. */
export interface BrokerSecurity {
  /** Authority of everybody's certificates. */
  readonly ca: string;
  /** Key and certificates of the broker, and of the services. */
  readonly broker: string;
  readonly services: string;
  /** As the authorizer spells them. */
  readonly superUsers: readonly string[];
}

export interface KafkaExtras {
  readonly security?: BrokerSecurity;
  readonly listeners?: readonly KafkaListener[];
  /** These win over ours. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** The property is for people who read the list of processes. */
/**
 * Compiled quickly rather than well: a third more processor time for a request under steady load, but half of it for a start and
 * for the first hundred thousand requests, which is what a broker on one machine mostly does (deploy/decisions/0101).
 */
const JVM = ['-Dmillrace=kafka', '-Xmx1g', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** Apache Kafka in KRaft mode, one node that is broker and controller. The ports may differ from start to start. */
export function kafkaSpec({ dataDir, ports, paths, extras }: KafkaOptions): ComponentSpec {
  if (!paths.kafkaLibs) throw new Error('kafka is not among the installed components');
  const dir = join(dataDir, 'kafka');
  const classes = [...classArchiveFlags(paths.kafkaLibs), '-cp', join(paths.kafkaLibs, '*')];
  const logging = `-Dlog4j2.configurationFile=${join(dir, 'log4j2.properties')}`;
  const address = `${LOOPBACK}:${ports.broker}`;
  return {
    name: 'kafka',
    command: paths.java,
    args: [...JVM, temporaryFlag(dir), logging, ...classes, 'kafka.Kafka', configFile(dir)],
    env: {},
    cwd: dataDir,
    prepare: () => prepare(dir, serverProperties(join(dir, 'log'), ports, extras), paths.java, classes),
    ready: () => probeKafka([address], extras?.security && { ssl: tlsOfServices(extras.security) }),
    address,
    clientEnv: { KAFKA_BROKERS: address, ...(extras?.security && securityEnv(extras.security)) },
    ports: [ports.broker, ports.controller],
    stopSignal: 'SIGTERM',
    stopTimeout_ms: 15_000,
    startTimeout_ms: 120_000,
  };
}

function tlsOfServices({ ca, services }: BrokerSecurity): Exclude<KafkaConfig['ssl'], boolean | undefined> {
  const own = readFileSync(services, 'utf8');
  return { ca: readFileSync(ca, 'utf8'), cert: own, key: own };
}

const securityEnv = ({ ca, services }: BrokerSecurity): Record<string, string> => ({
  KAFKA_SSL_CA_FILE: ca,
  KAFKA_SSL_CERT_FILE: services,
  KAFKA_SSL_KEY_FILE: services,
});

/** Asks for the cluster's metadata; ready when there is at least one broker. `security` is for a user's own cluster. */
export async function probeKafka(
  brokers: readonly string[],
  security: Pick<KafkaConfig, 'ssl' | 'sasl'> = {},
): Promise<Readiness> {
  const kafka = new Kafka({
    ...security,
    clientId: 'millrace-probe',
    brokers: [...brokers],
    connectionTimeout: PROBE_TIMEOUT_ms / 2,
    requestTimeout: PROBE_TIMEOUT_ms / 2,
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    const { brokers: found, controller } = await admin.describeCluster();
    if (found.length === 0) return notReady('the cluster has no broker yet');
    return controller === null ? notReady('the cluster has no controller yet') : READY;
  } catch (error) {
    return notReady(reasonOf(error));
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

const configFile = (dir: string): string => join(dir, 'server.properties');

async function prepare(dir: string, properties: string, java: string, classes: string[]): Promise<void> {
  emptyTemporary(dir);
  writeFileSync(configFile(dir), properties);
  writeFileSync(join(dir, 'log4j2.properties'), LOG4J);
  const formatted = join(dir, 'formatted');
  if (existsSync(formatted)) return;
  const tool = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...classes, 'kafka.tools.StorageTool'];
  const args = ['format', '--ignore-formatted', '-t', clusterId(dir), '-c', configFile(dir)];
  const result = await run(java, [...tool, ...args]);
  if (result.exitCode !== 0) throw new Error(`Kafka's storage in ${dir} cannot be formatted: ${result.stderr}`);
  writeFileSync(formatted, '');
}

/** Chosen once and kept, also when the format itself was interrupted. */
function clusterId(dir: string): string {
  const file = join(dir, 'cluster-id');
  if (!existsSync(file)) {
    writeFileSync(`${file}.new`, randomBytes(16).toString('base64url').replace(/^-/, 'A'));
    renameSync(`${file}.new`, file);
  }
  return readFileSync(file, 'utf8');
}

/** A static quorum: a dynamic one would keep the controller's port in its log, and could not change it. */
export function serverProperties(logDir: string, ports: KafkaOptions['ports'], extras: KafkaExtras = {}): string {
  const name = extras.security ? 'SSL' : 'PLAINTEXT';
  const broker = `${name}://${LOOPBACK}:${ports.broker}`;
  const more = extras.listeners ?? [];
  const protocols = more.map((l) => `,${l.name}:${l.protocol}`).join('');
  const listeners = more.map((l) => `,${l.name}://${LOOPBACK}:${l.port}`).join('');
  const advertised = more.map((l) => `,${l.name}://${LOOPBACK}:${l.advertised}`).join('');
  const properties: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${LOOPBACK}:${ports.controller}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': `CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT${protocols}`,
    listeners: `${broker},CONTROLLER://${LOOPBACK}:${ports.controller}${listeners}`,
    'advertised.listeners': `${broker}${advertised}`,
    'inter.broker.listener.name': name,
    'log.dirs': logDir.replaceAll('\\', '/'),
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // Ten years: cursors and intents are kept as group offsets, and a laptop may be off for more than the default week.
    'offsets.retention.minutes': 5_256_000,
    'group.initial.rebalance.delay.ms': 0,
    'group.coordinator.append.linger.ms': 0,
    // A killed broker is let in again only when the session of its former life is over: 9 s by default.
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
    // A record that says nothing, for brokers elsewhere that follow the controller: here there is none. By default two a second.
    'metadata.max.idle.interval.ms': 5_000,
    ...(extras.security && securityProperties(extras.security, protocols)),
    ...extras.properties,
  };
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}`);
  return `# written at every start\n${lines.join('\n')}\n`;
}

/** Also between broker and controller: nothing of it listens in plain text. */
function securityProperties({ ca, broker, superUsers }: BrokerSecurity, more: string): Record<string, string> {
  return {
    'listener.security.protocol.map': `CONTROLLER:SSL,SSL:SSL${more}`,
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': broker,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': ca,
    'ssl.client.auth': 'required',
    'ssl.enabled.protocols': 'TLSv1.3,TLSv1.2',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': superUsers.join(';'),
    'allow.everyone.if.no.acl.found': 'false',
  };
}

const LOG4J = `status = warn
appender.console.type = Console
appender.console.name = STDOUT
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSSX}{UTC} %-5p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.stdout.ref = STDOUT
`;
