/** What every protocol has in common whose devices come to the agent, defaults applied. */
import { type PointKind } from '../../core/compile/plan';
import { type TimeUnit } from '../../core/profile/types-mqtt';
import { type BackoffSection, type ConnectionSection, type PointSection } from '../../core/profile/types';
import { type ClaimsSection, type DeskSection, type PostingDeviceSection } from '../../core/profile/types-http';
import { kindOfType } from '../../core/compile/protocol';

export interface DeskSettings {
  readonly host: string;
  readonly port: number;
  readonly max_body_bytes: number;
  /** Of one device. */
  readonly rate_per_s: number;
  readonly burst: number;
  readonly time_unit: TimeUnit;
  readonly claims: ClaimsSection | undefined;
  /** Between attempts to listen. */
  readonly backoff: Required<BackoffSection>;
}

/** Of a device that comes to the agent. */
export interface PostingDevice {
  readonly address: string;
  readonly token: string | undefined;
  readonly token_file: string | undefined;
  readonly silence_ms: number;
}

export interface PostSource {
  readonly kind: PointKind;
  /** JSON pointer into the values; undefined: what has the name of the metric. */
  readonly value: string | undefined;
}

export function deskSettings(c: ConnectionSection, section: DeskSection, port: number): DeskSettings {
  return {
    host: c.host ?? '127.0.0.1',
    port: c.port ?? port,
    max_body_bytes: section.max_body_bytes ?? 262_144,
    rate_per_s: section.rate_per_s ?? 50,
    burst: section.burst ?? 100,
    time_unit: section.time_unit ?? 'ms',
    claims: section.claims,
    backoff: { initial_ms: c.backoff?.initial_ms ?? 500, max_ms: c.backoff?.max_ms ?? 30_000 },
  };
}

export function postingDevice(id: string, section: PostingDeviceSection = {}): PostingDevice {
  const { address = id, token, token_file, silence_ms = 0 } = section;
  return { address, token, token_file, silence_ms };
}

export const postSource = (point: PointSection, value: string | undefined): PostSource => ({
  kind: kindOfType(point.type),
  value,
});
