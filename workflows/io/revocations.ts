/** Revocations onto m2m.identities, where whoever checks certificates learns of them. */
import { type IdentityEvent } from '../../schemas/generated';
import { EventWriter, type SchemaIds } from '../../schemas/stream';
import { Topics } from '../../schemas/topics';
import { type Publisher } from '../../schemas/publisher';
import { type Revocation } from '../decommission/activities';

export function revocations(
  publisher: Pick<Publisher, 'send'>,
  ids: SchemaIds,
): (revocation: Revocation) => Promise<void> {
  const writer = new EventWriter(Topics.identities, ids);
  return (revocation) => {
    const event = eventOf(revocation);
    const key = `${event.kind}/${event.id}`;
    return publisher.send([{ topic: Topics.identities.name, key, value: writer.write(event) }]);
  };
}

function eventOf({ device_id, ...rest }: Revocation): IdentityEvent {
  const nothing = { claim_id: '', claim_hash: '', serial: '', previous: '', public_key: '', expires_at: null };
  return { ...rest, kind: 'device', id: device_id, type: 'revoked', ...nothing };
}
