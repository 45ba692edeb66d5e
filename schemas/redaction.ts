/** What no log may tell, by name, for every process: pino puts `[Redacted]` in its place. */

const SECRET = [
  'password',
  'token',
  'secret',
  'apiKey',
  'claim',
  'privateKey',
  'authorization',
  'cookie',
  'clientCertPair',
];
/** Keys of maps and of records are called so too: only that of TLS is a secret. */
const TLS_KEYS = ['ssl.key', 'tls.key'];

/** At the top, one and two levels down: `{config: {sasl: {password}}}` is as deep as ours are. */
export const REDACTED: string[] = [...SECRET, ...TLS_KEYS].flatMap((n) => [n, `*.${n}`, `*.*.${n}`]);
