/** Addresses to which events of the tenant are posted. */
import { type Request, Router } from 'express';
import { type Webhook } from '../../../schemas/generated';
import {
  createWebhook,
  MAX_WEBHOOKS,
  type NewWebhook,
  problemOfUrl,
  removeWebhook,
  showSecret,
} from '../../domain/webhook';
import { type Principal, principalOf } from '../authentication';
import { type ApiDependencies } from '../dependencies';
import { keyedId } from '../idempotency';
import { ApiError } from '../problem';
import { iso } from '../views';

const ID_CHARS = 16;

export function webhookRoutes(deps: ApiDependencies): Router {
  const router = Router();
  const { webhooks } = deps;

  router.post('/webhooks', async (req, res) => {
    const principal = principalOf(res);
    const { tenant } = principal;
    const wanted = req.body as NewWebhook;
    const problem = problemOfUrl(wanted.url);
    if (problem) throw new ApiError('invalid-request', `url: ${problem}`);
    const id = newId(deps, req, principal);
    if (webhooks.has(tenant, id))
      throw new ApiError('conflict', 'the webhook was made by this request before; its secret is shown only once');
    if (webhooks.list(tenant).length >= MAX_WEBHOOKS)
      throw new ApiError('conflict', `the tenant has ${MAX_WEBHOOKS} webhooks already`);
    const secret = showSecret(deps.newSecret());
    const webhook = createWebhook(principal, wanted, { id, secret }, deps.now());
    await webhooks.add(webhook);
    res
      .status(201)
      .location(`/api/v1/webhooks/${id}`)
      .json({ ...webhookView(webhook), secret });
  });

  router.get('/webhooks', (_req, res) => {
    res.json({ items: webhooks.list(principalOf(res).tenant).map(webhookView) });
  });

  router.delete('/webhooks/:id', async (req, res) => {
    const { tenant, actor } = principalOf(res);
    const webhook = webhooks.get(tenant, req.params.id);
    if (!webhook) throw new ApiError('not-found', `there is no webhook ${req.params.id}`);
    await webhooks.save(removeWebhook(webhook, actor, deps.now()));
    res.json(webhookView(webhook));
  });

  return router;
}

/** The same Idempotency-Key of the same principal is the same webhook: it is not made twice. */
function newId(deps: ApiDependencies, req: Request, { tenant, actor }: Principal): string {
  const given = req.header('idempotency-key') ?? deps.newId();
  return keyedId(`webhook\0${tenant}\0${actor}`, given).slice(0, ID_CHARS);
}

const webhookView = (w: Webhook) => ({
  webhook_id: w.webhook_id,
  url: w.url,
  events: w.events,
  created_at: iso(w.created_at),
  created_by: w.created_by,
});
