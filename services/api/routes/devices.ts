import { type Request, type Response, Router } from 'express';
import { type DeviceReply, type DeviceState } from '../../../schemas/generated';
import { scopeOf } from '../../domain/access';
import { type RejectionCode, type RequestType } from '../../domain/device';
import { deviceAsOf } from '../as-of';
import { type Principal, principalOf } from '../authentication';
import { afterOf, nextOf } from '../cursor';
import { refuseInFlight } from '../commands-in-flight';
import { type ApiDependencies } from '../dependencies';
import { type DeviceFilter, type Entry } from '../directory';
import { requestId } from '../idempotency';
import { ApiError } from '../problem';
import { REJECTIONS } from '../rejections';
import { timeOf } from '../time';
import { allowedVerbs, currentView, deviceView, selected } from '../views';
import { refuseParent } from './twin';

/** Moves the registry decides at once; decommissioning takes a workflow. */
const MOVES = ['provision', 'activate', 'suspend', 'resume', 'quarantine', 'release'] as const;

type NewDevice = { readonly device_id: string; readonly pseudonym?: boolean } & Readonly<Record<string, unknown>>;

export function deviceRoutes(deps: ApiDependencies): Router {
  const router = Router();

  router.post('/devices', async (req, res) => {
    const { device_id: name, pseudonym, ...data } = req.body as NewDevice;
    const device_id = pseudonym === true ? deps.pseudonyms.register(principalOf(res).tenant)(name) : name;
    refuseParent(deps, res, device_id, data['parent_id']);
    const reply = await ask(deps, req, res, device_id, 'register', data);
    respond(deps, res, reply, reply.outcome === 'accepted' ? 201 : 200);
  });

  router.get('/devices', (req, res) => {
    const query = req.query as Record<string, unknown>;
    const principal = principalOf(res);
    const scope = scopeOf(principal, 'device.read');
    const page = deps.directory.list(
      principal.tenant,
      { ...filterOf(query), scope },
      afterOf(query['cursor']),
      Number(query['limit'] ?? 100),
    );
    res.json({
      items: page.items.map((entry) => selected(currentView(entry), fieldsOf(req))),
      ...nextOf(page),
    });
  });

  router.get('/devices/:id', async (req, res) => {
    const entry = existing(deps, principalOf(res), req.params.id);
    const at = timeOf(req.query['at']);
    const shown =
      at === undefined ? currentView(entry) : deviceView({ device: await deviceAsOf(deps, entry.device, at) });
    res.setHeader('etag', `"${shown.version}"`).json(selected(shown, fieldsOf(req)));
  });

  const decommission = async (req: Request<{ id: string }>, res: Response): Promise<void> => {
    const principal = principalOf(res);
    const entry = existing(deps, principal, req.params.id);
    if (entry.device.state === 'decommissioned')
      return void res.setHeader('etag', `"${entry.device.version}"`).json(currentView(entry));
    refuseOtherVersion(req, entry);
    await refuseInFlight(deps, entry.device, isForced(req));
    await deps.workflows.startDecommission({
      tenant: principal.tenant,
      device_id: entry.device.device_id,
      agent_id: entry.device.agent_id,
      actor: principal.actor,
      reason: reasonOf(req) ?? 'asked for over the API',
    });
    res.status(202).setHeader('etag', `"${entry.device.version}"`).json(currentView(entry));
  };
  router.post('/devices/:id/decommission', decommission);
  router.delete('/devices/:id', decommission);

  for (const move of MOVES)
    router.post(`/devices/:id/${move}`, async (req, res) => {
      const reply = await ask(deps, req, res, String(req.params['id']), move, {});
      respond(deps, res, reply, 200);
    });

  return router;
}

export function existing(deps: ApiDependencies, { tenant }: Pick<Principal, 'tenant'>, deviceId: string): Entry {
  const entry = deps.directory.get(tenant, deviceId);
  if (!entry) throw new ApiError('not-found', `there is no device ${deviceId}`);
  return entry;
}

/** `expected`: version the device must be at, null for any; by default what If-Match says. */
export async function ask(
  deps: ApiDependencies,
  req: Request,
  res: Response,
  deviceId: string,
  type: RequestType,
  data: object,
  expected: number | null = expectedVersion(req),
): Promise<DeviceReply> {
  const { tenant, actor } = principalOf(res);
  const reply = await deps.registrar.ask({
    request_id: requestId(req, `${tenant}/${deviceId}/${type}`, deps.newId),
    tenant,
    device_id: deviceId,
    type,
    expected_version: expected,
    actor,
    reason: reasonOf(req),
    at: deps.now(),
    data: JSON.stringify(data),
  });
  if (reply.state !== '') deps.directory.apply(JSON.parse(reply.state) as DeviceState);
  if (reply.outcome === 'rejected') throw rejection(reply);
  return reply;
}

export const fieldsOf = (req: Request): string[] | undefined => req.query['fields'] as string[] | undefined;

export function expectedVersion(req: Request): number | null {
  const etag = req.header('if-match');
  return etag === undefined ? null : Number(etag.slice(1, -1));
}

/** In the body, or, of DELETE, which has none, in the query. */
const isForced = (req: Request<{ id: string }>): boolean =>
  (req.body as { force?: boolean } | undefined)?.force === true || String(req.query['force']) === 'true';

const reasonOf = (req: Request): string | null => (req.body as { reason?: string } | undefined)?.reason ?? null;

function refuseOtherVersion(req: Request, { device }: Entry): void {
  const expected = expectedVersion(req);
  if (expected !== null && expected !== device.version)
    throw new ApiError('version-conflict', `the device is at version ${device.version}, not ${expected}`);
}

function rejection(reply: DeviceReply): ApiError {
  const device = reply.state === '' ? undefined : (JSON.parse(reply.state) as DeviceState);
  const extra = device ? { state: device.state, allowed: allowedVerbs(device.state) } : {};
  return new ApiError(REJECTIONS[reply.code as RejectionCode] ?? 'illegal-move', reply.detail, extra);
}

export function respond(deps: ApiDependencies, res: Response, reply: DeviceReply, status: number): void {
  const entry = existing(deps, principalOf(res), reply.device_id);
  res.status(status).setHeader('etag', `"${entry.device.version}"`);
  if (status === 201) res.location(`/api/v1/devices/${reply.device_id}`);
  res.json(currentView(entry));
}

function filterOf(query: Record<string, unknown>): DeviceFilter {
  const text = (name: string): string | undefined => (query[name] === undefined ? undefined : String(query[name]));
  const labels = query['label'] as string[] | undefined;
  const filter = {
    state: text('state'),
    model: text('model'),
    agent: text('agent'),
    parent: text('parent'),
    path: text('path'),
    q: text('q')?.toLowerCase(),
    labels: labels?.map((l) => [l.slice(0, l.indexOf('=')), l.slice(l.indexOf('=') + 1)] as const),
  };
  return Object.fromEntries(Object.entries(filter).filter(([, v]) => v !== undefined));
}
