/** Secrets and certificates that a profile names as files. Read at each attempt: they are renewed while the agent works. */
import { readFileSync } from 'node:fs';
import { type ConnectionOptions } from 'node:tls';
import { type TlsSection } from '../core/profile/types-mqtt';

/** Longest secret, bytes. */
const MAX_SECRET_BYTES = 4_096;

export function tlsOptions({ ca_file, cert_file, key_file, server_name }: TlsSection): ConnectionOptions {
  return {
    ...(server_name !== undefined && { servername: server_name }),
    ...(ca_file !== undefined && { ca: readFileSync(ca_file) }),
    ...(cert_file !== undefined && { cert: readFileSync(cert_file) }),
    ...(key_file !== undefined && { key: readFileSync(key_file) }),
  };
}

/** The first line of the file. */
export function secretOf(file: string): string {
  const [line = ''] = readFileSync(file).subarray(0, MAX_SECRET_BYTES).toString('utf8').split('\n');
  return line.trimEnd();
}
