/** Images for devices: put once, fetched in pieces by the agents. Mounted before anything reads bodies. */
import { Router } from 'express';
import { type ApiDependencies } from '../dependencies';
import { ApiError } from '../problem';

const SHA256 = /^[0-9a-f]{64}$/;

export function imageRoutes({ images }: ApiDependencies): Router {
  const router = Router();

  router.put('/:sha256', async (req, res) => {
    const sha256 = nameOf(req.params.sha256);
    if (!(await images.find(sha256))) await images.put(sha256, req);
    else req.resume();
    res.status(201).location(`/api/v1/images/${sha256}`).json({ sha256 });
  });

  // Ranges, HEAD and conditions are Express's own.
  router.get('/:sha256', async (req, res, next) => {
    const path = await images.find(nameOf(req.params.sha256));
    if (path === undefined) throw new ApiError('not-found', 'there is no such image');
    res.type('application/octet-stream').sendFile(path, { dotfiles: 'allow' }, (error?: Error) => {
      if (error && !res.headersSent) next(error);
    });
  });

  return router;
}

function nameOf(sha256: string): string {
  if (!SHA256.test(sha256)) throw new ApiError('invalid-request', 'images are named by their SHA-256, in hex');
  return sha256;
}
