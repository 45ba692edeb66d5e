/** TLS of the stream: certificates are read anew for every connection, so that one that was renewed needs no restart. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { type ISocketFactory } from 'kafkajs';

/** PEM. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface TlsFiles {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** What the files hold whenever it is asked for; undefined when none is named. They are read once here, to fail at the start. */
export function tlsOf(files: TlsFiles): TlsMaterial | undefined {
  if (!files.ca && !files.cert) return undefined;
  const material: TlsMaterial = {};
  for (const part of ['ca', 'cert', 'key'] as const) {
    const file = files[part];
    if (!file) continue;
    readFileSync(file);
    Object.defineProperty(material, part, { enumerable: true, get: () => readFileSync(file, 'utf8') });
  }
  return material;
}

const KEEP_ALIVE_MS = 60_000;

/** As kafkajs makes its own, with the material of the moment. */
export function tlsSockets(material: TlsMaterial): ISocketFactory {
  return ({ host, port, onConnect }) => {
    const named = isIP(host) ? {} : { servername: host };
    const socket = connect({ host, port, ...named, ...material, minVersion: 'TLSv1.2' }, onConnect);
    return socket.setKeepAlive(true, KEEP_ALIVE_MS);
  };
}
