import { Router } from 'express';
import { DEFAULT_CLAIM_MINUTES, type Identity, type Name } from '../../domain/identity';
import { type Principal, principalOf } from '../authentication';
import { type ApiDependencies } from '../dependencies';
import { type Identities, type Issued } from '../identity/identities';
import { nameOf } from '../identity/book';
import { ApiError } from '../problem';
import { iso } from '../views';
import { type Adoption, bringToLife, refuseAdoption } from './adoption';

export function identityRoutes(deps: ApiDependencies): Router {
  const router = Router();

  router.get('/identities', (_req, res) => {
    const now = deps.now();
    res.json({
      items: authorityOf(deps)
        .book.list(principalOf(res).tenant)
        .map((i) => identityView(i, now)),
    });
  });

  router.post('/identities/enroll', async (req, res) => {
    const { name, holds, actor } = holderOf(principalOf(res));
    const { csr, adopt } = req.body as { csr: string; adopt?: Adoption };
    if (adopt) refuseAdoption(deps, name, adopt);
    const issued = await authorityOf(deps).enroll(name, actor, holds, csr);
    if (adopt) await bringToLife(deps, req, res, adopt);
    res.status(201).json(issuedView(issued));
  });

  router.post('/identities/renew', async (req, res) => {
    const { name, holds, actor } = holderOf(principalOf(res));
    const { csr } = req.body as { csr: string };
    res.status(201).json(issuedView(await authorityOf(deps).renew(name, actor, holds, csr)));
  });

  router.post('/identities/:kind/:id/claim', async (req, res) => {
    const { tenant, actor } = principalOf(res);
    const { minutes = DEFAULT_CLAIM_MINUTES } = (req.body ?? {}) as { minutes?: number };
    const { code, expires_at } = await authorityOf(deps).claim(nameOf({ tenant, ...req.params }), actor, minutes);
    res.status(201).json({ kind: req.params.kind, id: req.params.id, claim: code, expires_at: iso(expires_at) });
  });

  router.post('/identities/:kind/:id/revoke', async (req, res) => {
    const { tenant, actor } = principalOf(res);
    const name = nameOf({ tenant, ...req.params });
    const identities = authorityOf(deps);
    if (identities.book.get(name)?.tenant !== tenant)
      throw new ApiError('not-found', `there is no identity ${name.kind}/${name.id}`);
    const { reason = '' } = (req.body ?? {}) as { reason?: string };
    res.json(identityView(await identities.revoke(name, actor, reason), deps.now()));
  });

  return router;
}

function authorityOf({ identities }: ApiDependencies): Identities {
  if (identities) return identities;
  throw new ApiError(
    'not-configured',
    'this API has no certificate authority: set MILLRACE_CA_KEY_FILE or MILLRACE_CA_COMMAND',
  );
}

/** The guard has let through only who holds what the route asks for. */
function holderOf({ tenant, actor, holds }: Principal) {
  if (!holds) throw new ApiError('forbidden', 'a claim code or a certificate is needed as the credential');
  const name: Name = { tenant, kind: holds.kind, id: holds.id };
  return { name, actor, holds };
}

const issuedView = ({ name, certificate, ca, expires_at }: Issued) => ({
  ...name,
  certificate,
  ca,
  expires_at: iso(expires_at),
});

function statusOf({ claim, current, revoked_at }: Identity, now: number): string {
  if (revoked_at !== null) return 'revoked';
  if (current) return now < current.expires_at ? 'certified' : 'expired';
  return claim && now < claim.expires_at ? 'claimable' : 'expired';
}

const identityView = (i: Identity, now: number) => ({
  kind: i.kind,
  id: i.id,
  status: statusOf(i, now),
  ...(i.current && { serial: i.current.serial, expires_at: iso(i.current.expires_at) }),
  ...(i.claim && { claim_expires_at: iso(i.claim.expires_at) }),
  ...(i.revoked_at !== null && { revoked_at: iso(i.revoked_at) }),
});
