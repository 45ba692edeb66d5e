/** How to reach a broker, defaults applied. */
import { type BackoffSection, type ConnectionSection } from '../../core/profile/types';
import { type BrokerSection, type TlsSection } from '../../core/profile/types-mqtt';
import { type ProtocolVersion } from './codec';

export interface BrokerSettings {
  readonly host: string;
  readonly port: number;
  readonly version: ProtocolVersion;
  readonly client_id: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly password_file: string | undefined;
  /** Undefined: without TLS. */
  readonly tls: TlsSection | undefined;
  readonly keepalive_s: number;
  readonly session_expiry_s: number;
  readonly receive_maximum: number;
  readonly max_message_bytes: number;
  readonly connect_timeout_ms: number;
  readonly backoff: Required<BackoffSection>;
}

export function brokerSettings(c: ConnectionSection, b: BrokerSection): BrokerSettings {
  return {
    host: c.host ?? '',
    port: c.port ?? (b.tls ? 8_883 : 1_883),
    version: b.version === '3.1.1' ? 4 : 5,
    client_id: b.client_id,
    username: b.username,
    password: b.password,
    password_file: b.password_file,
    tls: b.tls,
    keepalive_s: b.keepalive_s ?? 30,
    session_expiry_s: b.session_expiry_s ?? 86_400,
    receive_maximum: b.receive_maximum ?? 1_000,
    max_message_bytes: b.max_message_bytes ?? 262_144,
    connect_timeout_ms: c.connect_timeout_ms ?? 5_000,
    backoff: { initial_ms: c.backoff?.initial_ms ?? 500, max_ms: c.backoff?.max_ms ?? 30_000 },
  };
}
