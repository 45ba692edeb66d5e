/** What a message of a device means. Pure. */
import { type Sample } from '../../adapter';
import { type DevicePlan } from '../../core/compile/plan';
import { type MessageTable } from '../../wire/mqtt/table';
import { decodeBody, type Entry } from '../../wire/posts/entries';
import { type ListenerSource } from './settings';

export type Meaning =
  /** Numbered entries, as they are posted over HTTP. */
  | { readonly kind: 'entries'; decode(): readonly Entry[] }
  | { readonly kind: 'answer'; readonly metric: string }
  | {
      readonly kind: 'samples';
      readonly samples: readonly Sample[];
      readonly counted: readonly string[];
      /** Empty when all was understood. */
      readonly complaint: string;
    };

const CBOR = '/cbor';

/** A device speaks for itself alone: what it says of another is counted as foreign and left out. */
export function meaningOf(
  table: MessageTable,
  device: DevicePlan,
  address: string,
  topic: string,
  payload: Buffer,
  now: number,
): Meaning {
  const own = `v1/devices/${address}/readings`;
  if (topic === own || topic === own + CBOR)
    return { kind: 'entries', decode: () => decodeBody(topic === own ? 'json' : 'cbor', payload) };
  const answered = device.points.find(({ source }) => {
    const { command, answer } = source as ListenerSource;
    return answer && topic === `${command?.topic}/answer`;
  });
  if (answered) return { kind: 'answer', metric: answered.metric };
  const found = table.read(topic, payload, now);
  const samples = found.samples.filter((s) => s.device === device.id);
  const foreign = samples.length < found.samples.length ? ['foreign'] : [];
  if (found.kind === 'rejected')
    return {
      kind: 'samples',
      samples,
      counted: [found.reason, ...foreign],
      complaint: `${found.reason}: ${found.detail}`,
    };
  const counted = [...(found.badTime ? ['bad_times'] : []), ...foreign];
  return { kind: 'samples', samples, counted, complaint: foreign.length > 0 ? `foreign: ${topic}` : '' };
}
