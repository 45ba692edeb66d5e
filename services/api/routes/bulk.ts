import { type Request, type Response, Router } from 'express';
import { principalOf } from '../authentication';
import { addUp, type BulkOrder, type BulkResult, NOTHING_YET, planLine, resultOf, UNTIL, type Until } from '../bulk';
import { type ApiDependencies } from '../dependencies';
import { keyedId } from '../idempotency';
import { type Line, LineSplitter } from '../lines';
import { type Common } from '../registrar';
import { NDJSON, writeText } from '../ndjson';
import { ApiError } from '../problem';

/** Asked of the registry together: a line takes one to three requests. */
export const REQUESTS_PER_SEND = 2_000;
/** Sends whose replies are awaited at once; the body is not read further meanwhile. */
const SENDS_IN_FLIGHT = 4;
/** Patient: a busy registry is no reason to say of a whole file that nothing is known of it. */
export const BULK_REPLY_TIMEOUT_MS = 60_000;
/** How long results wait for the directory, which hears of devices by another way than the results come. */
const READ_BACK_MS = 5_000;
/** Uploads at once: together they stay below what the registrar lets wait. */
export const MAX_UPLOADS = 1;

export function bulkRoutes(deps: ApiDependencies): Router {
  const router = Router();
  let uploads = 0;
  router.post('/devices\\:bulk', async (req, res) => {
    if (uploads >= MAX_UPLOADS)
      throw new ApiError('too-many-uploads', `${MAX_UPLOADS} bulk upload is under way already: try again later`);
    uploads++;
    try {
      await upload(deps, req, res);
    } finally {
      uploads--;
    }
  });
  return router;
}

/** Results are written in the order of the lines, as soon as they and those before them are known. */
async function upload(deps: ApiDependencies, req: Request, res: Response): Promise<void> {
  const order = orderOf(deps, req, res);
  let summary = NOTHING_YET;
  let written: Promise<void> = Promise.resolve();
  const open: Promise<void>[] = [];
  res.status(200).type(NDJSON);
  res.flushHeaders();
  for await (const lines of batches(req, Math.floor(REQUESTS_PER_SEND / UNTIL[order.until].length))) {
    const results = carryOut(deps, lines, order);
    written = written.then(async () => {
      const known = await results;
      summary = addUp(summary, known);
      await writeText(res, linesOf(known));
    });
    // Awaited in a moment: until then a client that has gone is no unhandled error.
    written.catch(() => undefined);
    open.push(written);
    if (open.length >= SENDS_IN_FLIGHT) await open.shift();
  }
  await written;
  await writeText(res, linesOf([summary]));
  res.end();
}

interface Upload extends BulkOrder {
  readonly common: Common;
}

function orderOf(deps: ApiDependencies, req: Request, res: Response): Upload {
  const { tenant, actor } = principalOf(res);
  const { until = 'registered', reason = null } = req.query as { until?: Until; reason?: string };
  const key = req.header('idempotency-key') ?? deps.newId();
  const requestId: BulkOrder['requestId'] = (id, type) => keyedId(`${tenant}/${id}/${type}`, key);
  let pseudonymOf: BulkOrder['pseudonymOf'] = (name) => (pseudonymOf = deps.pseudonyms.register(tenant))(name);
  return {
    until,
    requestId,
    pseudonymOf: (name) => pseudonymOf(name),
    common: { tenant, actor, reason, at: deps.now() },
  };
}

async function* batches(body: AsyncIterable<Buffer>, size: number): AsyncGenerator<readonly Line[]> {
  const splitter = new LineSplitter();
  let waiting: Line[] = [];
  for await (const piece of body) {
    waiting.push(...splitter.feed(piece));
    for (; waiting.length >= size; waiting = waiting.slice(size)) yield waiting.slice(0, size);
  }
  waiting.push(...splitter.end());
  for (; waiting.length > 0; waiting = waiting.slice(size)) yield waiting.slice(0, size);
}

async function carryOut(deps: ApiDependencies, lines: readonly Line[], order: Upload): Promise<BulkResult[]> {
  const planned = lines.map((line) => ({ line, plan: planLine(line, order) }));
  const requests = planned.flatMap(({ plan }) => ('requests' in plan ? plan.requests : []));
  const answers = await deps.registrar.askMany(order.common, requests, BULK_REPLY_TIMEOUT_MS);
  let next = 0;
  const results = planned.map(({ line, plan }) => {
    if ('result' in plan) return plan.result;
    return resultOf(line.number, plan.device_id, answers.slice(next, (next += plan.requests.length)));
  });
  // Who asks for a device right after its result finds it.
  await deps.directory.knows(order.common.tenant, results, READ_BACK_MS);
  return results;
}

const linesOf = (values: readonly object[]): string => values.map((v) => `${JSON.stringify(v)}\n`).join('');
