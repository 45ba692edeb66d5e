/** What the profile says of devices that post, defaults applied. */
import { type PointKind } from '../../core/compile/plan';
import { kindOfType } from '../../core/compile/protocol';
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type BackoffSection, type ConnectionSection, type PointSection } from '../../core/profile/types';
import { type TimeUnit } from '../../core/profile/types-mqtt';

export interface HttpConnectionSettings {
  readonly host: string;
  readonly port: number;
  readonly cert_file: string | undefined;
  readonly key_file: string | undefined;
  readonly max_body_bytes: number;
  readonly rate_per_s: number;
  readonly burst: number;
  readonly time_unit: TimeUnit;
  readonly backoff: Required<BackoffSection>;
}

export interface HttpDeviceSettings {
  readonly address: string;
  readonly token: string | undefined;
  readonly token_file: string | undefined;
  readonly silence_ms: number;
}

export interface HttpSource {
  readonly kind: PointKind;
  /** JSON pointer into the values. */
  readonly value: string;
}

export function connectionSettings(c: ConnectionSection): HttpConnectionSettings {
  const h = c.http ?? {};
  return {
    host: c.host ?? '127.0.0.1',
    port: c.port ?? 8_088,
    cert_file: h.cert_file,
    key_file: h.key_file,
    max_body_bytes: h.max_body_bytes ?? 262_144,
    rate_per_s: h.rate_per_s ?? 50,
    burst: h.burst ?? 100,
    time_unit: h.time_unit ?? 'ms',
    backoff: { initial_ms: c.backoff?.initial_ms ?? 500, max_ms: c.backoff?.max_ms ?? 30_000 },
  };
}

export function deviceSettings({ section }: ResolvedDevice): HttpDeviceSettings {
  const { address = section.id, token, token_file, silence_ms = 0 } = section.http ?? {};
  return { address, token, token_file, silence_ms };
}

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

export function sourceOf(point: PointSection): HttpSource {
  return { kind: kindOfType(point.type), value: point.http?.value ?? `/${escaped(point.metric)}` };
}
