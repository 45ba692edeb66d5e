/** Who may call itself an agent or a device: claimed once, certified for short times, renewed, revoked. Pure. */
import { type IdentityEvent as EventRecord } from '../../../schemas/generated';

export const IDENTITY_KINDS = ['agent', 'device'] as const;
export type IdentityKind = (typeof IDENTITY_KINDS)[number];

export interface Name {
  readonly tenant: string;
  readonly kind: IdentityKind;
  readonly id: string;
}

export interface Certified {
  readonly serial: string;
  readonly public_key: string;
  /** ms since 1970-01-01 UTC, as everywhere here. */
  readonly expires_at: number;
  readonly issued_at: number;
}

export interface Identity extends Name {
  /** Open for one enrolment. */
  readonly claim: { readonly id: string; readonly hash: string; readonly expires_at: number } | null;
  /** Claim that the present certificates go back to: asked for again with the same key, the answer is the same. */
  readonly claimed_by: { readonly id: string; readonly hash: string } | null;
  readonly current: Certified | null;
  /** Replaced by `current`; its holder may not have heard of that yet. */
  readonly previous: Certified | null;
  readonly revoked_at: number | null;
}

/** A certificate that was replaced is still good for this long: for connections made while it was. */
export const GRACE_MS = 300_000;

/** Agents' ids are unique in the installation, since their topics are; devices' ids within their tenant. */
export const identityKey = ({ tenant, kind, id }: Name): string =>
  kind === 'agent' ? `agent/${id}` : `device/${tenant}/${id}`;

/** The identity after the event: the same object when the event cannot follow, such as the second use of a claim. */
export function evolve(state: Identity | undefined, event: EventRecord): Identity | undefined {
  if (state && state.tenant !== event.tenant) return state;
  switch (event.type) {
    case 'claim-made':
      return claimed(state, event);
    case 'enrolled':
      return state && enrolled(state, event);
    case 'rotated':
      return state && rotated(state, event);
    case 'revoked':
      return state && { ...state, claim: null, revoked_at: state.revoked_at ?? event.at };
    default:
      throw new Error(`identity event ${event.type} is not known here: was it written by a newer version?`);
  }
}

function claimed(state: Identity | undefined, event: EventRecord): Identity {
  const { tenant, kind, id } = event;
  const nothing = { claimed_by: null, current: null, previous: null, revoked_at: null };
  const claim = { id: event.claim_id, hash: event.claim_hash, expires_at: event.expires_at ?? 0 };
  return { ...nothing, ...state, tenant, kind: kind as IdentityKind, id, claim };
}

const certified = (e: EventRecord): Certified => ({
  ...{ serial: e.serial, public_key: e.public_key },
  ...{ expires_at: e.expires_at ?? 0, issued_at: e.at },
});

/** A new beginning: whatever was certified before is no longer good. */
function enrolled(state: Identity, event: EventRecord): Identity {
  const { claim } = state;
  if (claim?.id !== event.claim_id || event.at >= claim.expires_at) return state;
  const claimed_by = { id: claim.id, hash: claim.hash };
  return { ...state, claim: null, claimed_by, current: certified(event), previous: null, revoked_at: null };
}

function rotated(state: Identity, event: EventRecord): Identity {
  if (state.revoked_at !== null || state.current?.serial !== event.previous) return state;
  return { ...state, previous: state.current, current: certified(event) };
}

export type Standing = 'good' | 'replaced' | 'expired' | 'revoked' | 'unknown';

/** What is to be thought of a certificate that the authority has signed. */
export function standingOf(state: Identity | undefined, serial: string, now: number): Standing {
  const { current, previous } = state ?? {};
  if (!state || (serial !== current?.serial && serial !== previous?.serial)) return 'unknown';
  if (state.revoked_at !== null) return 'revoked';
  const mine = serial === current?.serial ? current : previous;
  if (now >= (mine?.expires_at ?? 0)) return 'expired';
  return serial === current?.serial || now < (current?.issued_at ?? 0) + GRACE_MS ? 'good' : 'replaced';
}

export type Renewal =
  /** To be certified under a new serial. */
  | { readonly kind: 'new' }
  /** Was certified before, with the same key; the answer got lost. */
  | { readonly kind: 'again'; readonly certified: Certified }
  | { readonly kind: 'refused'; readonly why: string };

const again = (c: Certified): Renewal => ({ kind: 'again', certified: c });
const refuse = (why: string): Renewal => ({ kind: 'refused', why });

/** The claim's secret has been checked. */
export function decideEnrolment(state: Identity | undefined, claimId: string, publicKey: string): Renewal {
  if (state?.claim?.id === claimId) return { kind: 'new' };
  if (state?.claimed_by?.id === claimId && state.current?.public_key === publicKey && !state.previous)
    return again(state.current);
  return refuse('the claim code is used up: ask for a new one');
}

/** The certificate with the serial has been checked, and the key that goes with it. */
export function decideRotation(state: Identity | undefined, serial: string, publicKey: string): Renewal {
  if (!state?.current || state.revoked_at !== null) return refuse('there is nothing to renew');
  if (state.current.serial === serial)
    return state.current.public_key === publicKey ? refuse('renew with a new key') : { kind: 'new' };
  if (state.previous?.serial === serial && state.current.public_key === publicKey) return again(state.current);
  return refuse(
    'somebody else has renewed this certificate with another key: is there a copy of it? Revoke it, and claim anew',
  );
}
