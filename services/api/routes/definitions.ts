/** Models and groups: the same routes for both, and who is in a group. */
import { type Request, type Response, Router } from 'express';
import { type Definition, type DeviceReply } from '../../../schemas/generated';
import { scopeOf } from '../../domain/access';
import { type Group, type Kind } from '../../domain/definition';
import { principalOf } from '../authentication';
import { afterOf, nextOf } from '../cursor';
import { type ApiDependencies } from '../dependencies';
import { type DeviceFilter } from '../directory';
import { requestId } from '../idempotency';
import { ApiError } from '../problem';
import { REJECTIONS } from '../rejections';
import { currentView, definitionView, selected } from '../views';
import { expectedVersion, fieldsOf } from './devices';

const PATHS = { model: 'models', group: 'groups' } as const satisfies Record<Kind, string>;

export function definitionRoutes(deps: ApiDependencies): Router {
  const router = Router();
  for (const kind of ['model', 'group'] as const) addRoutes(router, deps, kind, `/${PATHS[kind]}`);

  router.get('/groups/:name/devices', (req, res) => {
    const principal = principalOf(res);
    const { tenant } = principal;
    const group = deps.definitions.group(tenant, req.params.name);
    if (!group) throw missing('group', req.params.name);
    const { cursor, limit = 100 } = req.query as { cursor?: string; limit?: number };
    const filter = { ...filterOf(group), scope: scopeOf(principal, 'device.read') };
    const page = deps.directory.list(tenant, filter, afterOf(cursor), Number(limit));
    res.json({ items: page.items.map((entry) => selected(currentView(entry), fieldsOf(req))), ...nextOf(page) });
  });
  return router;
}

function addRoutes(router: Router, deps: ApiDependencies, kind: Kind, path: string): void {
  router.get(path, (_req, res) => {
    res.json({ items: deps.definitions.list(principalOf(res).tenant, kind).map(definitionView) });
  });

  router.get(`${path}/:name`, (req, res) => {
    const name = String(req.params['name']);
    const definition = deps.definitions.get(principalOf(res).tenant, kind, name);
    if (!definition) throw missing(kind, name);
    show(res, definition);
  });

  router.put(`${path}/:name`, async (req, res) => {
    const definition = await define(deps, req, res, kind, 'put');
    show(res.status(definition.version === 1 ? 201 : 200), definition);
  });

  router.delete(`${path}/:name`, async (req, res) => {
    await define(deps, req, res, kind, 'delete');
    res.status(204).end();
  });
}

/** `If-None-Match: *` asks that there be none yet. */
async function define(
  deps: ApiDependencies,
  req: Request,
  res: Response,
  kind: Kind,
  type: 'put' | 'delete',
): Promise<Definition> {
  const { tenant, actor } = principalOf(res);
  const name = String(req.params['name']);
  const reply = await deps.registrar.define({
    request_id: requestId(req, `${tenant}/${kind}/${name}/${type}`, deps.newId),
    ...{ tenant, kind, name, type, actor },
    expected_version: req.header('if-none-match') === '*' ? 0 : expectedVersion(req),
    reason: null,
    at: deps.now(),
    body: type === 'put' ? JSON.stringify(req.body) : '{}',
  });
  if (reply.state !== '') deps.definitions.apply(JSON.parse(reply.state) as Definition);
  if (reply.outcome === 'rejected') throw refusal(reply);
  return JSON.parse(reply.state) as Definition;
}

function refusal({ code, detail }: DeviceReply): ApiError {
  return new ApiError(REJECTIONS[code as keyof typeof REJECTIONS], detail);
}

function missing(kind: Kind, name: string): ApiError {
  return new ApiError('not-found', `there is no ${kind} ${name}`);
}

function show(res: Response, definition: Definition): void {
  res.setHeader('etag', `"${definition.version}"`).json(definitionView(definition));
}

function filterOf({ filter: { labels, q, ...rest } }: Group): DeviceFilter {
  return {
    ...rest,
    ...(q !== undefined && { q: q.toLowerCase() }),
    ...(labels && { labels: Object.entries(labels) }),
  };
}
