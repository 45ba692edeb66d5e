/** What goes on record of a request. Pure. Only named fields go in: no header, no body, no query. */
import { type AuditEvent } from '../../../schemas/generated';
import { type Action } from './actions';
import { PROOF } from './decide';
import { type Grant, type Principal, showGrant } from './principal';

export interface Asked {
  readonly event_id: string;
  /** ms since 1970-01-01 UTC. */
  readonly at: number;
  readonly path: string;
  /** Method and path as openapi.yaml has them, or the method alone. */
  readonly route: string;
  readonly request_id: string;
  readonly source: string;
}

const MAX_CHARS = 512;
/** Somebody may paste a key or a token into an address. */
const SECRETS = /mk_[a-f0-9]{16}_[A-Za-z0-9_-]+|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]+|mc_[A-Za-z0-9_-]{16,}/g;

export const withoutSecrets = (text: string): string => text.replace(SECRETS, '***').slice(0, MAX_CHARS);

type Who = Pick<Principal, 'tenant' | 'actor'>;

export const allowed = (asked: Asked, who: Who, action: Action, by: Grant): AuditEvent =>
  event(asked, who, { action, outcome: 'allowed', reason: '', granted_by: PROOF[action] ?? showGrant(by) });

export const refused = (asked: Asked, who: Who, action: Action | 'authenticate', reason: string): AuditEvent =>
  event(asked, who, { action, outcome: 'refused', reason: withoutSecrets(reason), granted_by: '' });

type Said = Pick<AuditEvent, 'action' | 'outcome' | 'reason' | 'granted_by'>;

function event(asked: Asked, { tenant, actor }: Who, said: Said): AuditEvent {
  const { event_id, at, path, route, request_id, source } = asked;
  return { event_id, tenant, at, actor, resource: withoutSecrets(path), route, request_id, source, ...said };
}
