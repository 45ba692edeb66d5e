/** Who am I, API keys, and tokens of the embedded issuer. */
import { type Request, Router } from 'express';
import { type ApiKey } from '../../../schemas/generated';
import {
  createKey,
  DEFAULT_DAYS,
  MAX_KEYS,
  parseGrant,
  revokeKey,
  showGrant,
  showKey,
  statusOf,
} from '../../domain/access';
import { type Principal, principalOf } from '../authentication';
import { type ApiDependencies } from '../dependencies';
import { DEFAULT_TOKEN_MINUTES } from '../issuer';
import { keyedId } from '../idempotency';
import { ApiError } from '../problem';
import { iso } from '../views';

interface NewKeyBody {
  readonly name: string;
  readonly roles: readonly string[];
  readonly days?: number;
}

interface NewTokenBody {
  readonly subject: string;
  readonly roles: readonly string[];
  readonly minutes?: number;
}

export function accessRoutes(deps: ApiDependencies): Router {
  const router = Router();

  const links = deps.workflowsUrl === undefined ? {} : { workflows_url: deps.workflowsUrl };
  router.get('/self', (_req, res) => {
    const { actor, kind, tenant, grants } = principalOf(res);
    res.json({ actor, kind, tenant, roles: grants.filter((g) => g.tenant === tenant).map(showGrant), ...links });
  });

  router.post('/api-keys', async (req, res) => {
    const principal = principalOf(res);
    const { name, roles, days = DEFAULT_DAYS } = req.body as NewKeyBody;
    if (deps.keys.count(principal.tenant) >= MAX_KEYS)
      throw new ApiError('conflict', `the tenant has ${MAX_KEYS} keys already`);
    const parts = { keyId: newKeyId(deps, req, principal), secret: deps.newSecret() };
    const key = createKey(principal, { name, roles, days }, parts, deps.now());
    if (!key)
      throw new ApiError(
        'invalid-request',
        'roles are viewer, operator, engineer or admin, each with @site or without',
      );
    await deps.keys.add(key);
    res
      .status(201)
      .location(`/api/v1/api-keys/${parts.keyId}`)
      .json({ ...keyView(key, deps.now()), key: showKey(parts) });
  });

  router.get('/api-keys', (_req, res) => {
    res.json({ items: deps.keys.list(principalOf(res).tenant).map((k) => keyView(k, deps.now())) });
  });

  router.post('/api-keys/:id/revoke', async (req, res) => {
    const { tenant, actor } = principalOf(res);
    const key = deps.keys.get(tenant, req.params.id);
    if (!key) throw new ApiError('not-found', `there is no API key ${req.params.id}`);
    const revoked = revokeKey(key, actor, deps.now());
    if (revoked !== key) await deps.keys.save(revoked);
    res.json(keyView(revoked, deps.now()));
  });

  router.post('/tokens', async (req, res) => {
    const { tenant } = principalOf(res);
    const { subject, roles, minutes = DEFAULT_TOKEN_MINUTES } = req.body as NewTokenBody;
    if (!deps.issuer)
      throw new ApiError('not-configured', 'this installation has no issuer of its own: ask its provider');
    if (roles.some((r) => parseGrant(r, tenant) === undefined))
      throw new ApiError(
        'invalid-request',
        'roles are viewer, operator, engineer or admin, each with @site or without',
      );
    const now = deps.now();
    const token = await deps.issuer.issue({ subject, tenant, roles, now, minutes, id: deps.newId() });
    res.status(201).json({ token, expires_at: iso(now + minutes * 60_000) });
  });

  return router;
}

const KEY_ID_CHARS = 16;

/** The same Idempotency-Key of the same principal is the same key: it is not made twice. */
function newKeyId(deps: ApiDependencies, req: Request, { tenant, actor }: Principal): string {
  const given = req.header('idempotency-key') ?? deps.newId();
  return keyedId(`${tenant}\0${actor}`, given).slice(0, KEY_ID_CHARS);
}

const keyView = (k: ApiKey, now: number) => ({
  key_id: k.key_id,
  name: k.name,
  roles: k.grants,
  status: statusOf(k, now),
  created_at: iso(k.created_at),
  created_by: k.created_by,
  expires_at: iso(k.expires_at),
  ...(k.revoked_at !== null && { revoked_at: iso(k.revoked_at), revoked_by: k.revoked_by }),
});
