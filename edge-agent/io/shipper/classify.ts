/** What an error of the stream means for shipping, pure. The one place that tells them apart. */

export type FailureKind =
  /** Another producer took this agent's transactional id. */
  | 'fenced'
  /** The broker will never take this record. */
  | 'poison'
  /** The broker does not let us. */
  | 'not-authorized'
  /** A certificate, ours or the broker's, has expired or is not trusted. */
  | 'tls'
  /** The stream and this disk do not belong together. */
  | 'outbox'
  /** A topic is missing or cannot be made. */
  | 'missing-topic'
  /** The registry is away or refuses a schema. */
  | 'registry'
  /** Everything that time may heal. */
  | 'transient';

const FENCED = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED']);
/** kafkajs does not know PRODUCER_FENCED by name. */
const FENCED_MESSAGE = /Unknown error code 90\b/;
const POISON = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'INVALID_TIMESTAMP']);
const REGISTRY = new Set(['registry-unavailable', 'unknown-schema', 'incompatible-schema']);
const OUTBOX = new Set(['foreign-outbox', 'outbox-behind']);
const TLS = /^(ERR_SSL_|ERR_TLS_|CERT_|EPROTO$|DEPTH_ZERO_SELF|SELF_SIGNED_|UNABLE_TO_(GET_ISSUER|VERIFY))/;
/** Answers of the registry to a schema that it will not take, however often it is asked: conflict, unprocessable. */
const REFUSED_STATUS = new Set([409, 422]);
const MAX_DEPTH = 10;

export function classify(error: unknown): FailureKind {
  for (const link of causes(error)) {
    const { type = '', code, message = '' } = link;
    if (FENCED.has(type) || FENCED_MESSAGE.test(message)) return 'fenced';
    if (POISON.has(type)) return 'poison';
    if (/AUTHORIZATION_FAILED$|^SASL_AUTHENTICATION_FAILED$/.test(type)) return 'not-authorized';
    if (/^KafkaJSSASLAuthenticationError$/.test(link.name ?? '')) return 'not-authorized';
    if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return 'missing-topic';
    if (typeof code !== 'string') continue;
    if (REGISTRY.has(code)) return 'registry';
    if (OUTBOX.has(code)) return 'outbox';
    if (TLS.test(code)) return 'tls';
  }
  return 'transient';
}

/** The registry will never take the schema. */
export const schemaRefused = (error: unknown): boolean =>
  causes(error).some(({ status }) => status !== undefined && REFUSED_STATUS.has(status));

interface ErrorLink {
  readonly name?: string;
  readonly message?: string;
  readonly type?: string;
  readonly code?: unknown;
  readonly status?: number;
  readonly cause?: unknown;
}

/** The error and what caused it, outermost first. */
export function causes(error: unknown): ErrorLink[] {
  const chain: ErrorLink[] = [];
  for (let e = error; e !== null && typeof e === 'object' && chain.length < MAX_DEPTH; e = (e as ErrorLink).cause)
    chain.push(e as ErrorLink);
  return chain;
}

/** Message with those of its causes, once each. */
export function wholeMessage(error: unknown): string {
  const messages = causes(error).map((e) => e.message ?? String(e));
  return [...new Set(messages.length > 0 ? messages : [String(error)])].join(': ');
}
