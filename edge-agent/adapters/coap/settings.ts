/** What the profile says of CoAP, defaults applied. */
import { type PointKind } from '../../core/compile/plan';
import { kindOfType } from '../../core/compile/protocol';
import { type ResolvedDevice } from '../../core/compile/resolve';
import { type ConnectionSection, type PointSection } from '../../core/profile/types';
import { type DeskSettings, deskSettings, type PostingDevice, postingDevice } from '../../wire/posts/settings';
import { postSource } from '../../wire/posts/settings';

export interface CoapConnectionSettings extends DeskSettings {
  /** Longest wait for an answer to a GET, ms. */
  readonly timeout_ms: number;
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** With transport tls. */
  readonly tls:
    { readonly cert_file: string; readonly key_file: string; readonly ca_file: string | undefined } | undefined;
}

export interface CoapDeviceSettings extends PostingDevice {
  /** Undefined: the device is reached where it posted from last. */
  readonly host: string | undefined;
  readonly port: number;
}

export interface CoapSource {
  readonly kind: PointKind;
  /** JSON pointer into what is posted, or into what the resource gives; undefined: the metric's name, or all of it. */
  readonly value: string | undefined;
  /** Undefined: the device posts the value. */
  readonly resource: string | undefined;
  readonly observe: boolean;
  readonly format: 'json' | 'cbor' | 'text';
}

const PORT = 5_683;
const TLS_PORT = 5_684;

const portOf = (transport: string): number => (transport === 'tls' ? TLS_PORT : PORT);

export function connectionSettings(c: ConnectionSection): CoapConnectionSettings {
  const { transport = 'udp', cert_file = '', key_file = '', ca_file } = c.coap ?? {};
  return {
    ...deskSettings(c, c.coap ?? {}, portOf(transport)),
    ...{ timeout_ms: c.timeout_ms ?? 5_000, transport },
    tls: transport === 'tls' ? { cert_file, key_file, ca_file } : undefined,
  };
}

export function deviceSettings({ section }: ResolvedDevice, { coap }: ConnectionSection): CoapDeviceSettings {
  const { host, port = portOf(coap?.transport ?? 'udp') } = section.coap ?? {};
  return { ...postingDevice(section.id, section.coap), host, port };
}

export function sourceOf(point: PointSection): CoapSource {
  const { value, resource, observe = true, format = 'json' } = point.coap ?? {};
  if (resource === undefined) return { ...postSource(point, value), resource, observe: false, format };
  return { kind: kindOfType(point.type), value, resource, observe, format };
}
