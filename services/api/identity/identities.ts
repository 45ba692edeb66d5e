/** Claiming, enrolling, renewing and revoking, over the log, the authority and the broker. */
import { createHash } from 'node:crypto';
import { type IdentityEvent } from '../../../schemas/generated';
import { type Holding } from '../../domain/access';
import {
  claimHash,
  decideEnrolment,
  decideRotation,
  type Identity,
  type Name,
  type Renewal,
  showClaim,
} from '../../domain/identity';
import { AGENT_ID } from '../../domain/device/request';
import { ApiError } from '../problem';
import { type CertificateAuthority } from './authority';
import { type IdentityBook } from './book';
import { type BrokerAccess } from './broker-access';
import { readRequest, type SigningRequest } from './request';

export interface IdentityOptions {
  readonly book: IdentityBook;
  readonly authority: CertificateAuthority;
  readonly broker: BrokerAccess;
  /** ms since 1970-01-01 UTC. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly newSecret: () => string;
  readonly certificate_ms: number;
}

export interface Issued {
  readonly name: Name;
  /** PEM. */
  readonly certificate: string;
  /** PEM of the authority. */
  readonly ca: string;
  readonly expires_at: number;
}

const ID_CHARS = 16;
const SERIAL_CHARS = 30;

export class Identities {
  constructor(private readonly options: IdentityOptions) {}

  get book(): IdentityBook {
    return this.options.book;
  }

  /** A code that is good for one enrolment; an earlier one that is open is no longer. */
  async claim(name: Name, actor: string, minutes: number): Promise<{ code: string; expires_at: number }> {
    const { now, newSecret, book } = this.options;
    if (name.kind === 'agent' && !AGENT_ID.test(name.id))
      throw new ApiError('invalid-request', `${name.id} cannot be an agent: expected ${AGENT_ID.source}`);
    const code = { id: this.hex(ID_CHARS), secret: newSecret() };
    const expires_at = now() + minutes * 60_000;
    const facts = { claim_id: code.id, claim_hash: claimHash(code.secret), expires_at };
    await book.put(this.event(name, 'claim-made', actor, facts));
    return { code: showClaim(code), expires_at };
  }

  async enroll(name: Name, actor: string, { of: claim_id }: Holding, csr: string): Promise<Issued> {
    const request = await readRequest(csr);
    const renewal = decideEnrolment(this.book.get(name), claim_id, request.publicKey);
    const issued = await this.certify(name, request, renewal, () => this.event(name, 'enrolled', actor, { claim_id }));
    await this.atBroker(() => this.options.broker.allow(name));
    return issued;
  }

  async renew(name: Name, actor: string, { of: previous }: Holding, csr: string): Promise<Issued> {
    const request = await readRequest(csr);
    const renewal = decideRotation(this.book.get(name), previous, request.publicKey);
    return this.certify(name, request, renewal, () => this.event(name, 'rotated', actor, { previous }));
  }

  /** Refused from now on at the API, and when this resolves at the broker as well. */
  async revoke(name: Name, actor: string, reason: string): Promise<Identity> {
    const state = await this.book.put(this.event(name, 'revoked', actor, { reason }));
    await this.atBroker(() => this.options.broker.deny(name));
    return state;
  }

  /** The event goes first. Whether it counted, and not another's, the log tells: only then is there a certificate. */
  private async certify(
    name: Name,
    { csr, publicKey }: SigningRequest,
    renewal: Renewal,
    event: () => IdentityEvent,
  ): Promise<Issued> {
    if (renewal.kind === 'refused') throw new ApiError('conflict', renewal.why);
    const { authority, certificate_ms } = this.options;
    let certified = renewal.kind === 'again' ? renewal.certified : undefined;
    if (!certified) {
      const wish = event();
      const serial = this.hex(SERIAL_CHARS);
      const expires_at = wish.at + certificate_ms;
      const { current } = await this.book.put({ ...wish, serial, public_key: publicKey, expires_at });
      if (current?.serial !== serial) throw new ApiError('conflict', 'somebody else was certified first');
      certified = current;
    }
    const certificate = await authority.sign(csr, { name, ...certified });
    return { name, certificate, ca: authority.chain, expires_at: certified.expires_at };
  }

  private async atBroker(change: () => Promise<void>): Promise<void> {
    try {
      await change();
    } catch (cause) {
      throw new ApiError(
        'unavailable',
        `the broker did not take it: ${(cause as Error).message}; try again`,
        {},
        { cause },
      );
    }
  }

  private event(name: Name, type: string, actor: string, facts: Partial<IdentityEvent>): IdentityEvent {
    const { newId, now } = this.options;
    const nothing = {
      claim_id: '',
      claim_hash: '',
      serial: '',
      previous: '',
      public_key: '',
      expires_at: null,
      reason: '',
    };
    return { event_id: newId(), ...name, type, at: now(), actor, ...nothing, ...facts };
  }

  /** Hexadecimal digits that nobody can guess, the first of which keeps a serial number positive. */
  private hex(chars: number): string {
    const digits = createHash('sha256').update(this.options.newSecret()).digest('hex');
    return `4${digits.slice(1, chars)}`;
  }
}
