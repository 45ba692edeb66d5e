/**
 * What goes over a WebSocket. Pure; throws nothing but PayloadError.
 *   from the device: entry | [ entry* ]                      text: JSON, binary: CBOR
 *                  | { "command": id, "ok": bool, "reason"?: text }
 *   to the device:   { "taken": n, "again": n } | { "status": n, "title": text }   one for each frame with entries, in order
 *                  | { "command": id, "metric": text, "value": … }
 */
import { type FieldValue } from '../../adapter';
import { decodePayload, encodePayload, PayloadError } from '../../wire/payload';
import { entriesOf, type Entry } from '../../wire/posts/entries';

export type Frame =
  | { readonly kind: 'entries'; readonly entries: readonly Entry[] }
  | { readonly kind: 'outcome'; readonly command: number; readonly ok: boolean; readonly reason: string };

const MAX_REASON_CHARS = 500;

export function decodeFrame(bytes: Buffer, binary: boolean): Frame {
  const data = decodePayload(binary ? 'cbor' : 'json', bytes);
  if (typeof data !== 'object' || data === null || !('command' in data))
    return { kind: 'entries', entries: entriesOf(data) };
  const { command, ok, reason } = data as Record<string, unknown>;
  if (!Number.isSafeInteger(command)) throw new PayloadError('command is no integer');
  if (typeof ok !== 'boolean') throw new PayloadError('ok is neither true nor false');
  const said = typeof reason === 'string' ? reason.slice(0, MAX_REASON_CHARS) : '';
  return { kind: 'outcome', command: command as number, ok, reason: said };
}

export function commandFrame(command: number, metric: string, value: FieldValue): string {
  const bare = encodePayload('json', [], value).toString();
  return `{"command":${command},"metric":${JSON.stringify(metric)},"value":${bare}}`;
}
