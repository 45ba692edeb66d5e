/** Lets a request through only when its principal may do what the route does with what the request names. */
import { type Request, type RequestHandler } from 'express';
import {
  allowed,
  type Action,
  decide,
  decideSelf,
  isReading,
  refused,
  type Resource,
  scopeOf,
  type Verdict,
} from '../domain/access';
import { actionOf, ROUTES, type RouteAccess, routeOf } from './access-table';
import { type Recorder } from './audit-log';
import { type Principal, principalOf } from './authentication';
import { type CommandLog } from './command-log';
import { type Directory } from './directory';
import { type History } from './history';
import { ApiError } from './problem';

export interface GuardOptions {
  readonly directory: Pick<Directory, 'get'>;
  readonly commands: Pick<CommandLog, 'get'>;
  readonly history: Pick<History, 'command'>;
  readonly recorder: Recorder;
}

/** To come after the validation, which says which route of openapi.yaml this is. Nothing passes that is no route of it. */
export function guard(options: GuardOptions): RequestHandler {
  return async (req, res, next) => {
    const { route = '', params = {} } = routeOf(req) ?? {};
    const access = ROUTES[route];
    const action = access && actionOf(access, params);
    if (!access || !action) return next(nothingThere(req));
    const principal = principalOf(res);
    const { recorder } = options;
    const verdict = await judge(options, principal, access, action, req, params);
    if (!verdict.allowed) {
      recorder.tell(refused(recorder.asked(req, res), principal, action, verdict.reason));
      throw verdict.refusal === 'hidden'
        ? nothingThere(req, access, params)
        : new ApiError('forbidden', verdict.reason);
    }
    if (!isReading(action)) await recorder.record(allowed(recorder.asked(req, res), principal, action, verdict.by));
    next();
  };
}

/** Worded as for what does not exist: so that nobody can tell the two apart. */
function nothingThere(req: Request, access?: RouteAccess, params: Readonly<Record<string, string>> = {}): ApiError {
  const id = params['id'] ?? '';
  if (access?.on === 'device') return new ApiError('not-found', `there is no device ${id}`);
  if (access?.on === 'command') return new ApiError('not-found', `there is no command ${id}`);
  return new ApiError('not-found', `${req.method} ${req.path} is not part of the API: see /openapi.json`);
}

async function judge(
  options: GuardOptions,
  principal: Principal,
  { on }: RouteAccess,
  action: Action,
  req: Request,
  params: Readonly<Record<string, string>>,
): Promise<Verdict> {
  const { tenant } = principal;
  if (on === 'self') return decideSelf(principal, action);
  if (on === 'scope') return somewhere(principal, action);
  const whole = decide(principal, action, { tenant, path: undefined });
  // Who may do it everywhere may do it here: the route itself says when there is no such thing.
  if (whole.allowed || on === 'tenant') return whole;
  const resources = await resourcesOf(options, tenant, on, req, params);
  const verdicts = resources.map((r) => decide(principal, action, r));
  return verdicts.find((v) => !v.allowed) ?? verdicts[0] ?? { ...whole, refusal: 'hidden' };
}

function somewhere(principal: Principal, action: Action): Verdict {
  const scope = scopeOf(principal, action);
  const site = scope === 'everywhere' ? '' : scope[0];
  return decide(principal, action, { tenant: principal.tenant, path: site === '' ? undefined : site });
}

/** Everything that the request names, where it is and whose; empty when there is none of it. */
async function resourcesOf(
  { directory, commands, history }: GuardOptions,
  tenant: string,
  on: 'device' | 'new-device' | 'command',
  req: Request,
  params: Readonly<Record<string, string>>,
): Promise<Resource[]> {
  const id = params['id'] ?? '';
  const wanted = (req.body as { path?: unknown } | undefined)?.path;
  if (on === 'new-device') return [{ tenant, path: typeof wanted === 'string' ? wanted : '' }];
  const found = (device: string | undefined): Resource[] => {
    const known = device === undefined ? undefined : directory.get(tenant, device)?.device;
    if (!known) return [];
    const { device_id, agent_id, path } = known;
    return [{ tenant, path, machines: [`device/${device_id}`, ...(agent_id === null ? [] : [`agent/${agent_id}`])] }];
  };
  if (on === 'device')
    return found(id).flatMap((r) => (typeof wanted === 'string' ? [r, { tenant, path: wanted }] : [r]));
  return found((commands.get(tenant, id) ?? (await history.command(tenant, id)))?.device_id);
}
