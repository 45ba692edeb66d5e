/** The folder of an agent's own key and certificate and of the servers it trusts, as OPC UA applications keep it. */
import { X509Certificate } from 'node:crypto';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { MessageSecurityMode, OPCUAClient, SecurityPolicy } from 'node-opcua-client';
import { LinkError } from './link';
import { type OpcUaSettings } from './settings';

/** Without a folder of its own nothing is trusted, and the key made there protects nothing: policy None. */
const unprotected = (): string => join(tmpdir(), `millrace-opcua-none-${userInfo().uid}`);

/** One per folder: making a key takes time, and two at once would overwrite each other. */
const stores = new Map<string, Promise<OPCUACertificateManager>>();

export function certificateStore(pki: string | undefined): Promise<OPCUACertificateManager> {
  const rootFolder = pki ?? unprotected();
  let store = stores.get(rootFolder);
  if (!store) {
    const manager = new OPCUACertificateManager({ rootFolder, automaticallyAcceptUnknownCertificate: false });
    store = manager.initialize().then(() => manager);
    stores.set(rootFolder, store);
  }
  return store;
}

/** The library's error in words that say what to do. */
export function explained(error: Error, { endpoint, pki, policy, mode }: OpcUaSettings): Error {
  if (error instanceof LinkError) return error;
  const { message } = error;
  if (/Certificate.*(Untrusted|verification failed)/i.test(message)) {
    const how = `millrace agent trust --profile FILE shows the certificate and, with --yes, puts it into ${pki}`;
    return new Error(`the certificate of ${endpoint} is not trusted (${message.trim()}): ${how}`, { cause: error });
  }
  if (/cannot find endpoint|End point must exist/i.test(message))
    return new Error(`${endpoint} does not offer policy ${policy} with mode ${mode}`, { cause: error });
  return new Error(message.trim() || 'no reason given', { cause: error });
}

/** The certificate an endpoint of the profile's policy and mode shows to whoever asks. */
export async function certificateOf({
  endpoint,
  policy,
  mode,
  connect_timeout_ms,
}: OpcUaSettings): Promise<X509Certificate> {
  const client = OPCUAClient.create({
    applicationName: 'Millrace',
    endpointMustExist: false,
    clientCertificateManager: await certificateStore(undefined),
    transportTimeout: connect_timeout_ms,
    connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 100 },
  });
  try {
    await client.connect(endpoint);
    const wanted = client.findEndpointForSecurity(MessageSecurityMode[mode], SecurityPolicy[policy]);
    if (!wanted) throw new Error(`${endpoint} does not offer policy ${policy} with mode ${mode}`);
    return new X509Certificate(wanted.serverCertificate);
  } finally {
    await client.disconnect();
  }
}

/** From now on a server that shows this certificate is let in. */
export async function trust(pki: string, der: Buffer): Promise<void> {
  await (await certificateStore(pki)).trustCertificate(der);
}
