/**
 * The API with mutual TLS, on a port of its own, for agents and devices that have a certificate: it is their credential, no token is
 * looked at. Who is not certified by the authority, or was when its time was over, does not get through the handshake; who has
 * been revoked since is refused at the next request, on open connections too, as soon as the log says so.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { type RequestListener } from 'node:http';
import { type Socket } from 'node:net';
import { type TLSSocket } from 'node:tls';
import { ConfigurationError, type Env, integer, text } from '../../lib/environment';
import { type PeerAuthenticator } from '../authentication';
import { keptAlive } from '../listener';
import { type CertificateHolders } from './holders';

export interface MutualTls {
  readonly host: string;
  readonly port: number;
  /** Files of the server's own certificate and key, PEM; they may be one. */
  readonly certificate: string;
  readonly key: string;
}

/** API_MTLS_PORT, and with it API_MTLS_HOST, API_MTLS_CERT_FILE and API_MTLS_KEY_FILE. Undefined: no such listener. */
export function mutualTlsOf(env: Env, certifies: boolean): MutualTls | undefined {
  const port = integer(env, 'API_MTLS_PORT', 0, 1, 65_535);
  if (port === 0) return undefined;
  if (!certifies)
    throw new ConfigurationError(
      'API_MTLS_PORT',
      'is set, and there is no authority',
      'set MILLRACE_CA_KEY_FILE as well',
    );
  // Without them there is no such listener, but there is an API: hence the fallbacks that are none.
  return {
    host: text(env, 'API_MTLS_HOST', 'address to listen on with mutual TLS', '127.0.0.1'),
    port,
    certificate: text(env, 'API_MTLS_CERT_FILE', 'file with the certificate of the listener, PEM', ''),
    key: text(env, 'API_MTLS_KEY_FILE', 'file with the key of that certificate, PEM', ''),
  };
}

/** Least time between two looks at the files of the server's certificate, ms: it may be renewed while this runs. */
const RELOAD_MS = 60_000;

/** `ca`: PEM of the authority whose certificates are let in. Throws when a file cannot be read, or is none of PEM. */
export function mutualTlsServer(
  options: Pick<MutualTls, 'certificate' | 'key'>,
  ca: string,
  app: RequestListener,
): Server {
  const material = (): { cert: string; key: string; ca: string } => ({
    ...{ cert: readFileSync(options.certificate, 'utf8'), key: readFileSync(options.key, 'utf8'), ca },
  });
  const server = keptAlive(
    createServer({ ...material(), requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' }, app),
  );
  const reloading = setInterval(() => reload(server, material), RELOAD_MS).unref();
  return server.once('close', () => clearInterval(reloading));
}

/** Half-written files are read again in a minute; until then the certificate is the one before. */
function reload(server: Server, material: () => Parameters<Server['setSecureContext']>[0]): void {
  try {
    server.setSecureContext(material());
  } catch {
    return;
  }
}

/** The certificate of a connection that came through such a listener; of any other connection undefined. */
export class PeerCertificates implements PeerAuthenticator {
  constructor(private readonly holders: CertificateHolders) {}

  ofPeer(socket: Socket): ReturnType<PeerAuthenticator['ofPeer']> {
    const { authorized, getPeerX509Certificate } = socket as Partial<TLSSocket>;
    if (authorized !== true) return undefined;
    const certificate = getPeerX509Certificate?.call(socket);
    return certificate && this.holders.holderOf(certificate);
  }
}
