/** The console as it was built (services/api/console → dist/console): one page, and files named by their content. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express, { type RequestHandler, Router } from 'express';

/** First parts of the addresses of the console's screens: all of them are the same page. */
export const SCREENS: readonly string[] = [
  'overview',
  'devices',
  'map',
  'commands',
  'batches',
  'schedules',
  'campaigns',
  'alarms',
  'streams',
  'topology',
  'access',
  'connections',
  'sign-in',
];

const forEver = (res: { setHeader(name: string, value: string): unknown }): void =>
  void res.setHeader('cache-control', 'public, max-age=31536000, immutable');
const NOT_BUILT = 'The console is not built: `./millrace up` and `./millrace test` build it.\n';

export function consoleFiles(folder: string): Router {
  const router = Router();
  const page: RequestHandler = (_req, res) => {
    const file = join(folder, 'index.html');
    if (!existsSync(file)) return void res.status(503).type('text/plain').send(NOT_BUILT);
    res.sendFile(file, { cacheControl: false, lastModified: false });
  };
  // Named by their content: what has the name has the content, for ever.
  router.use(
    '/assets',
    express.static(join(folder, 'assets'), { index: false, lastModified: false, setHeaders: forEver }),
  );
  router.get('/', page);
  for (const screen of SCREENS) router.get([`/${screen}`, `/${screen}/*rest`], page);
  return router;
}
