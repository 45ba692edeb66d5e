/** All identities, folded from m2m.identities in memory. The order of that log decides who was first, whichever process wrote. */
import { type IdentityEvent } from '../../../schemas/generated';
import { type EventWriter } from '../../../schemas/stream';
import { evolve, type Identity, identityKey, type IdentityKind, type Name, standingOf } from '../../domain/identity';
import { type Publisher } from '../../../schemas/publisher';
import { ApiError } from '../problem';

export interface IdentityLog {
  /** Resolves when the event is on the stream. */
  append(event: IdentityEvent): Promise<void>;
}

export class StreamIdentityLog implements IdentityLog {
  constructor(
    private readonly publisher: Pick<Publisher, 'send'>,
    private readonly writer: EventWriter<'identity-event'>,
  ) {}

  append(event: IdentityEvent): Promise<void> {
    const { topic } = this.writer;
    const key = `${event.kind}/${event.id}`;
    return this.publisher.send([{ topic: topic.name, key, value: this.writer.write(event) }]);
  }
}

/** Longest wait for an event of ours to come back, ms. */
const ECHO_TIMEOUT_MS = 10_000;

export class IdentityBook {
  private readonly byKey = new Map<string, Identity>();
  private readonly byClaim = new Map<string, string>();
  private readonly echoes = new Map<string, { readonly heard: () => void; readonly timer: NodeJS.Timeout }>();

  constructor(private readonly log: IdentityLog) {}

  /** To be called with every event of the log, in its order. */
  apply(event: IdentityEvent): void {
    const key = identityKey(event as Name);
    const state = evolve(this.byKey.get(key), event);
    if (state) this.byKey.set(key, state);
    if (state?.claim) this.byClaim.set(state.claim.id, key);
    this.settle(event.event_id);
  }

  /** Also of another tenant: an agent's id is unique in the installation. */
  get(name: Name): Identity | undefined {
    return this.byKey.get(identityKey(name));
  }

  ofClaim(claimId: string): Identity | undefined {
    return this.byKey.get(this.byClaim.get(claimId) ?? '');
  }

  list(tenant: string): Identity[] {
    return [...this.byKey.values()].filter((i) => i.tenant === tenant);
  }

  standing(name: Name, serial: string, now: number): ReturnType<typeof standingOf> {
    const state = this.get(name);
    return standingOf(state?.tenant === name.tenant ? state : undefined, serial, now);
  }

  /** Appends, and waits until the event has come back in its place in the log: only then it is known what it did. */
  async put(event: IdentityEvent): Promise<Identity> {
    const back = this.echo(event.event_id);
    try {
      await Promise.all([back, this.log.append(event)]);
    } catch (cause) {
      this.settle(event.event_id);
      throw new ApiError('unavailable', 'the identity cannot be stored now: try again', {}, { cause });
    }
    const state = this.get(event as Name);
    if (state?.tenant !== event.tenant)
      throw new ApiError(
        'conflict',
        `${event.kind} ${event.id} cannot be claimed: its id is taken in this installation`,
      );
    return state;
  }

  private echo(eventId: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the event did not come back')), ECHO_TIMEOUT_MS);
      this.echoes.set(eventId, { heard: resolve, timer });
    });
  }

  private settle(eventId: string): void {
    const echo = this.echoes.get(eventId);
    clearTimeout(echo?.timer);
    echo?.heard();
    this.echoes.delete(eventId);
  }
}

export const nameOf = ({ tenant, kind, id }: { tenant: string; kind: string; id: string }): Name => ({
  tenant,
  kind: kind as IdentityKind,
  id,
});
