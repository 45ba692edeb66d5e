/** The certificate authority of this installation, from the API's environment. */
import { type Kafka } from 'kafkajs';
import { BROKERS_REPLICATION } from '../../../schemas/stream';
import { type Env, integer } from '../../lib/environment';
import { type Authenticator } from '../authentication';
import { EmbeddedAuthority } from './authority';
import { type IdentityBook } from './book';
import { type BrokerAccess, KafkaAcls, OPEN_BROKER } from './broker-access';
import { CertificateProofs, ClaimCodes } from './holders';
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
  close(): Promise<void>;
}

/**
 * MILLRACE_CA_KEY_FILE (without it nobody is certified), MILLRACE_CERTIFICATE_HOURS, and KAFKA_AGENT_ACLS=1 where the
 * broker has an authorizer.
 */
export async function certification(
  env: Env,
  { book, kafka, now, newId, newSecret }: CertificationParts,
): Promise<Certification> {
  const file = env['MILLRACE_CA_KEY_FILE'];
  if (!file) return { close: () => Promise.resolve() };
  const authority = await EmbeddedAuthority.fromFile(file, 'MILLRACE_CA_KEY_FILE', now());
  const certificate_ms = integer(env, 'MILLRACE_CERTIFICATE_HOURS', DEFAULT_HOURS, 1, MAX_HOURS) * HOUR_MS;
  const { broker, close } = await brokerAccess(env, kafka);
  return {
    identities: new Identities({ book, authority, broker, now, newId, newSecret, certificate_ms }),
    holders: [new ClaimCodes(book, now), new CertificateProofs(authority, book, now)],
    close,
  };
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
