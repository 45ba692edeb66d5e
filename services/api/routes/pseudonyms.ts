/** Who knows what a device is really called asks here which one it is; nothing leads the other way. */
import { Router } from 'express';
import { principalOf } from '../authentication';
import { type ApiDependencies } from '../dependencies';

export function pseudonymRoutes(deps: ApiDependencies): Router {
  const router = Router();

  /** The name is in the body: paths are on record. */
  router.post('/pseudonyms\\:find', (req, res) => {
    const { tenant } = principalOf(res);
    const { device_id: name } = req.body as { device_id: string };
    const device_id = deps.pseudonyms.known(tenant)(name);
    res.json({ device_id, registered: deps.directory.get(tenant, device_id) !== undefined });
  });

  router.delete('/pseudonyms', (_req, res) => {
    res.json({ erased: deps.pseudonyms.erase(principalOf(res).tenant) });
  });

  return router;
}
