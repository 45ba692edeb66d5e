/** The stream's health, and what could not be processed. */
import { Router } from 'express';
import { type Letter } from '../../lib/dead-letters/letter';
import { type Principal, principalOf } from '../authentication';
import { coordinatesFrom, decodeLetter, plain } from '../dead-letters';
import { type ApiDependencies } from '../dependencies';
import { ApiError } from '../problem';
import { type Row } from '../rows';
import { iso } from '../views';

/** The projector says so in the reason when it could not keep all of a message (dead-letter.avsc). */
const CUT = /\(value cut from \d+ bytes\)$/;

export function streamHealthRoutes(deps: ApiDependencies): Router {
  const router = Router();

  router.get('/streams', async (_req, res) => {
    const { at, ...view } = await deps.health.streams();
    res.json({ at: iso(at), ...view });
  });

  router.get('/dead-letters', async (req, res) => {
    const { topic, code, limit = 100 } = req.query as Record<string, string | undefined>;
    const wanted = { ...(topic !== undefined && { topic }), ...(code !== undefined && { code }) };
    const tenant = whose(deps, principalOf(res));
    const items = await deps.overview.deadLetters({ tenant, limit: Number(limit), ...wanted });
    res.json({ items: items.map((row) => ({ message: nameOf(row), ...row })) });
  });

  router.get('/dead-letters/:message', async (req, res) => {
    const row = await letter(deps, principalOf(res), req.params.message);
    const value = row['value_hex'] as string | null;
    const decoded = await decodeLetter(String(row['source_topic']), value, deps.schemaOf);
    res.json({ message: req.params.message, ...row, decoded: plain(decoded) });
  });

  router.post('/dead-letters/:message/replay', async (req, res) => {
    const row = await letter(deps, principalOf(res), req.params.message);
    if (CUT.test(String(row['reason'])))
      throw new ApiError('refused', 'the message was too long to be kept whole: it cannot be sent back');
    const { sent, already } = await deps.replay([row as unknown as Letter]);
    res.json({ sent, already });
  });

  return router;
}

/** Who runs the installation sees all messages, any other tenant its own. */
const whose = ({ tenant: own }: ApiDependencies, { tenant }: Principal): string | undefined =>
  tenant === own ? undefined : tenant;

const nameOf = (row: Row): string =>
  `${String(row['source_topic'])}:${String(row['source_partition'])}:${String(row['source_offset'])}`;

async function letter(deps: ApiDependencies, principal: Principal, message: string): Promise<Row> {
  const coordinates = coordinatesFrom(message);
  const row = coordinates && (await deps.overview.deadLetter(whose(deps, principal), coordinates));
  if (!row) throw new ApiError('not-found', `${message} is no dead letter`);
  return row;
}
