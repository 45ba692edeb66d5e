/** Connects to a server and opens a session, with the security the profile asks for. Loaded when it is first needed. */
import { readFileSync } from 'node:fs';
import {
  MessageSecurityMode,
  OPCUAClient,
  SecurityPolicy,
  setDebugLogger,
  setErrorLogger,
  setWarningLogger,
  type UserIdentityInfo,
  UserTokenType,
} from 'node-opcua-client';
import { type OpenLink } from './link';
import { certificateStore, explained } from './pki';
import { within } from './requests';
import { SessionLink } from './session';
import { type OpcUaSettings } from './settings';

/** The library prints what it throws besides: a log is one line of JSON, and told once. */
for (const silence of [setDebugLogger, setWarningLogger, setErrorLogger]) silence(() => undefined);

export const openLink: OpenLink = async (settings, signal) => {
  const client = OPCUAClient.create({
    applicationName: 'Millrace',
    clientName: 'millrace-agent',
    clientCertificateManager: await certificateStore(settings.pki),
    securityMode: MessageSecurityMode[settings.mode],
    securityPolicy: SecurityPolicy[settings.policy],
    endpointMustExist: false,
    keepPendingSessionsOnDisconnect: true,
    requestedSessionTimeout: settings.session_timeout_ms,
    transportTimeout: settings.connect_timeout_ms,
    // Connecting again is the adapter's: it knows what it has made durable and what it must ask for again.
    connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 100 },
  });
  const cut = (): void => void client.disconnect().catch(() => undefined);
  signal.addEventListener('abort', cut, { once: true });
  try {
    await within(settings.connect_timeout_ms, 'connect', client.connect(settings.endpoint));
    const session = await within(
      settings.connect_timeout_ms,
      'create a session',
      client.createSession(identity(settings)),
    );
    const link = new SessionLink(client, session, settings);
    await link.learn();
    return link;
  } catch (cause) {
    cut();
    throw explained(cause as Error, settings);
  } finally {
    signal.removeEventListener('abort', cut);
  }
};

function identity({ user }: OpcUaSettings): UserIdentityInfo {
  if (!user) return { type: UserTokenType.Anonymous };
  if (user.name !== undefined) {
    const password = user.password ?? readFileSync(user.password_file ?? '', 'utf8').trimEnd();
    return { type: UserTokenType.UserName, userName: user.name, password };
  }
  const pem = readFileSync(user.certificate_file ?? '', 'utf8');
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const privateKey = readFileSync(user.key_file ?? '', 'utf8');
  return { type: UserTokenType.Certificate, certificateData: der, privateKey };
}
