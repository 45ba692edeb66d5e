/** The certificate authority of this installation, from the API's environment. */
import { readFileSync } from 'node:fs';
import { type Kafka } from 'kafkajs';
import { BROKERS_REPLICATION } from '../../../schemas/stream';
import { ConfigurationError, type Env, integer } from '../../lib/environment';
import { type Authenticator, type PeerAuthenticator } from '../authentication';
import { type CertificateAuthority, EmbeddedAuthority } from './authority';
import { type IdentityBook } from './book';
import { type BrokerAccess, KafkaAcls, OPEN_BROKER } from './broker-access';
import { CommandAuthority, commandSigner } from './command-authority';
import { CertificateHolders, CertificateProofs, ClaimCodes } from './holders';
import { PeerCertificates } from './listener';
import { Identities } from './identities';

const DEFAULT_HOURS = 24;
const MAX_HOURS = 8_784;
const HOUR_MS = 3_600_000;

export interface CertificationParts {
  readonly book: IdentityBook;
  readonly kafka: Pick<Kafka, 'admin'>;
  readonly now: () => number;
  readonly newId: () => string;
  readonly newSecret: () => string;
}

export interface Certification {
  readonly identities?: Identities;
  readonly holders?: readonly Authenticator[];
  readonly peers?: PeerAuthenticator;
  /** PEM of the authority, where there is one. */
  readonly chain?: string;
  close(): Promise<void>;
}

/**
 * MILLRACE_CA_KEY_FILE of the embedded authority, or MILLRACE_CA_COMMAND and MILLRACE_CA_CHAIN_FILE of another (without either
 * nobody is certified), MILLRACE_CERTIFICATE_HOURS, and KAFKA_AGENT_ACLS=1 where the broker has an authorizer.
 */
export async function certification(
  env: Env,
  { book, kafka, now, newId, newSecret }: CertificationParts,
): Promise<Certification> {
  const authority = await authorityOf(env, now());
  if (!authority) return { close: () => Promise.resolve() };
  const certificate_ms = integer(env, 'MILLRACE_CERTIFICATE_HOURS', DEFAULT_HOURS, 1, MAX_HOURS) * HOUR_MS;
  const { broker, close } = await brokerAccess(env, kafka);
  return {
    identities: new Identities({ book, authority, broker, now, newId, newSecret, certificate_ms }),
    holders: [new ClaimCodes(book, now), new CertificateProofs(authority, book, now)],
    peers: new PeerCertificates(new CertificateHolders(authority, book, now)),
    chain: authority.chain,
    close,
  };
}

async function authorityOf(env: Env, now: number): Promise<CertificateAuthority | undefined> {
  const command = env['MILLRACE_CA_COMMAND'];
  if (command) return new CommandAuthority(chainOf(env), commandSigner(wordsOf(command), env['PATH'] ?? ''));
  const file = env['MILLRACE_CA_KEY_FILE'];
  return file ? EmbeddedAuthority.fromFile(file, 'MILLRACE_CA_KEY_FILE', now) : undefined;
}

function chainOf(env: Env): string {
  const variable = 'MILLRACE_CA_CHAIN_FILE';
  try {
    return readFileSync(env['MILLRACE_CA_CHAIN_FILE'] ?? '', 'utf8');
  } catch (cause) {
    throw new ConfigurationError(variable, (cause as Error).message, 'set it to the PEM of the authority that signs');
  }
}

function wordsOf(command: string): readonly string[] {
  const words = jsonOf(command);
  if (Array.isArray(words) && words.length > 0 && words.every((w) => typeof w === 'string')) return words;
  const expected = 'set it to a program and its arguments as a JSON array: ["sign", "--role", "agents"]';
  throw new ConfigurationError('MILLRACE_CA_COMMAND', `is ${command}`, expected);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function brokerAccess(
  env: Env,
  kafka: Pick<Kafka, 'admin'>,
): Promise<{ broker: BrokerAccess; close: () => Promise<void> }> {
  if (env['KAFKA_AGENT_ACLS'] !== '1') return { broker: OPEN_BROKER, close: () => Promise.resolve() };
  const admin = kafka.admin();
  await admin.connect();
  const replication = integer(env, 'KAFKA_REPLICATION_FACTOR', BROKERS_REPLICATION, 1, 10);
  return { broker: new KafkaAcls(admin, replication), close: () => admin.disconnect() };
}
