/** What every route of openapi.yaml does, and with what. A route that is not here keeps the API from starting. */
import { type Action } from '../domain/access';

export type Target =
  /** The device that the path parameter `id` names; a `path` in the body, where it is to be, must be allowed as well. */
  | 'device'
  /** The device that the body describes. */
  | 'new-device'
  /** The device of the command that the path parameter `id` names. */
  | 'command'
  /** Whatever the principal may see: the route leaves out the rest (scopeOf). */
  | 'scope'
  /** The tenant as a whole. */
  | 'tenant'
  /** The principal itself: open to everybody who is known. */
  | 'self';

export interface RouteAccess {
  readonly on: Target;
  /** One action, or one for each value of a path parameter. */
  readonly action: Action | { readonly parameter: string; readonly values: Readonly<Record<string, Action>> };
}

/** By `METHOD path` as openapi.yaml has them. */
export const ROUTES: Readonly<Record<string, RouteAccess>> = {
  'GET /devices': { action: 'device.read', on: 'scope' },
  'POST /devices': { action: 'device.register', on: 'new-device' },
  'POST /devices:bulk': { action: 'device.register', on: 'tenant' },
  'GET /devices/{id}': { action: 'device.read', on: 'device' },
  'PATCH /devices/{id}': { action: 'device.update', on: 'device' },
  'DELETE /devices/{id}': { action: 'device.decommission', on: 'device' },
  'POST /devices/{id}/replace': { action: 'device.register', on: 'device' },
  'GET /devices/{id}/config': { action: 'device.read', on: 'device' },
  'PUT /devices/{id}/config': { action: 'device.configure', on: 'device' },
  'PUT /devices/{id}/config/reported': { action: 'device.report', on: 'device' },
  'POST /devices/{id}/{move}': {
    action: {
      parameter: 'move',
      values: {
        provision: 'device.commission',
        activate: 'device.commission',
        suspend: 'device.operate',
        resume: 'device.operate',
        quarantine: 'device.operate',
        release: 'device.commission',
        decommission: 'device.decommission',
      },
    },
    on: 'device',
  },
  'GET /decommissionings': { action: 'device.decommission', on: 'tenant' },
  'GET /devices/{id}/decommissioning': { action: 'device.read', on: 'device' },
  'POST /devices/{id}/decommissioning': { action: 'device.decommission', on: 'device' },
  'POST /devices/{id}/decommissioning/{decision}': { action: 'device.decommission', on: 'device' },
  'GET /devices/{id}/history': { action: 'device.read', on: 'device' },
  'GET /devices/{id}/readings': { action: 'device.read', on: 'device' },
  'GET /devices/{id}/readings/export': { action: 'device.read', on: 'device' },
  'GET /devices/{id}/values': { action: 'device.read', on: 'device' },
  'GET /devices/{id}/commands': { action: 'command.read', on: 'device' },
  'POST /devices/{id}/commands': { action: 'command.send', on: 'device' },
  'GET /commands/{id}': { action: 'command.read', on: 'command' },
  'POST /commands/{id}/cancel': { action: 'command.send', on: 'command' },
  'POST /commands/{id}/approve': { action: 'command.send', on: 'command' },
  'PUT /images/{sha256}': { action: 'image.publish', on: 'tenant' },
  'GET /images/{sha256}': { action: 'image.read', on: 'tenant' },
  'GET /batches': { action: 'command.read', on: 'tenant' },
  'POST /batches': { action: 'command.send', on: 'tenant' },
  'GET /batches/{id}': { action: 'command.read', on: 'tenant' },
  'POST /batches/{id}/stop': { action: 'command.send', on: 'tenant' },
  'GET /schedules': { action: 'command.read', on: 'tenant' },
  'POST /schedules': { action: 'schedule.manage', on: 'tenant' },
  'DELETE /schedules/{id}': { action: 'schedule.manage', on: 'tenant' },
  'POST /schedules/{id}/{switch}': { action: 'schedule.manage', on: 'tenant' },
  'GET /alarms': { action: 'device.read', on: 'scope' },
  'GET /alarms/journal': { action: 'device.read', on: 'scope' },
  'GET /positions': { action: 'device.read', on: 'scope' },
  'GET /commands': { action: 'command.read', on: 'scope' },
  'GET /streams': { action: 'stream.read', on: 'tenant' },
  'GET /dead-letters': { action: 'letter.read', on: 'tenant' },
  'GET /dead-letters/{message}': { action: 'letter.read', on: 'tenant' },
  'POST /dead-letters/{message}/replay': { action: 'letter.replay', on: 'tenant' },
  'GET /agents/{id}/profile': { action: 'profile.read', on: 'tenant' },
  'PUT /agents/{id}/profile': { action: 'profile.manage', on: 'tenant' },
  'POST /agents/{id}/profile/check': { action: 'profile.read', on: 'tenant' },
  'POST /agents/{id}/profile/points': { action: 'profile.read', on: 'tenant' },
  'GET /agents/{id}/geofences': { action: 'device.read', on: 'tenant' },
  'POST /agents/{id}/probes': { action: 'profile.probe', on: 'tenant' },
  'GET /campaigns': { action: 'campaign.read', on: 'tenant' },
  'POST /campaigns': { action: 'campaign.run', on: 'tenant' },
  'GET /campaigns/{id}': { action: 'campaign.read', on: 'tenant' },
  'POST /campaigns/{id}/{order}': { action: 'campaign.run', on: 'tenant' },
  'GET /models': { action: 'definition.read', on: 'tenant' },
  'POST /models': { action: 'definition.manage', on: 'tenant' },
  'GET /models/{name}': { action: 'definition.read', on: 'tenant' },
  'PUT /models/{name}': { action: 'definition.manage', on: 'tenant' },
  'DELETE /models/{name}': { action: 'definition.manage', on: 'tenant' },
  'GET /groups': { action: 'definition.read', on: 'tenant' },
  'GET /groups/{name}': { action: 'definition.read', on: 'tenant' },
  'PUT /groups/{name}': { action: 'definition.manage', on: 'tenant' },
  'DELETE /groups/{name}': { action: 'definition.manage', on: 'tenant' },
  'GET /groups/{name}/devices': { action: 'device.read', on: 'scope' },
  'GET /stream': { action: 'device.read', on: 'scope' },
  'GET /self': { action: 'self.read', on: 'self' },
  'GET /api-keys': { action: 'key.read', on: 'tenant' },
  'POST /api-keys': { action: 'key.manage', on: 'tenant' },
  'POST /api-keys/{id}/revoke': { action: 'key.manage', on: 'tenant' },
  'POST /tokens': { action: 'token.issue', on: 'tenant' },
  'GET /identities': { action: 'identity.read', on: 'tenant' },
  'POST /identities/{kind}/{id}/claim': { action: 'identity.manage', on: 'tenant' },
  'POST /identities/{kind}/{id}/revoke': { action: 'identity.manage', on: 'tenant' },
  'POST /identities/enroll': { action: 'identity.enroll', on: 'self' },
  'POST /identities/renew': { action: 'identity.renew', on: 'self' },
  'GET /webhooks': { action: 'webhook.read', on: 'tenant' },
  'POST /webhooks': { action: 'webhook.manage', on: 'tenant' },
  'DELETE /webhooks/{id}': { action: 'webhook.manage', on: 'tenant' },
  'POST /pseudonyms:find': { action: 'pseudonym.find', on: 'tenant' },
  'DELETE /pseudonyms': { action: 'pseudonym.erase', on: 'tenant' },
  'GET /audit': { action: 'audit.read', on: 'tenant' },
};

/** Which route of openapi.yaml a request is, as the validator found; undefined when it is none. */
export function routeOf(
  req: object,
): { readonly route: string; readonly params: Readonly<Record<string, string>> } | undefined {
  const { method, openapi } = req as {
    method: string;
    openapi?: { openApiRoute: string; pathParams?: Record<string, string> };
  };
  if (!openapi) return undefined;
  return { route: `${method} ${openapi.openApiRoute.replace(/^\/api\/v1/, '')}`, params: openapi.pathParams ?? {} };
}

export class AccessTableError extends Error {
  readonly code = 'access-table';
  readonly hint = 'say in services/api/access-table.ts which action each route of openapi.yaml is';
  constructor(problems: readonly string[]) {
    super(`the routes and their actions do not agree: ${problems.join('; ')}`);
    this.name = 'AccessTableError';
  }
}

/** The paths of an OpenAPI document, as far as they matter here. */
export interface Documented {
  readonly paths?: Readonly<Record<string, object | undefined>>;
}

interface Parameter {
  readonly name?: string;
  readonly schema?: { readonly enum?: readonly string[] };
}

interface PathItem {
  readonly parameters?: readonly Parameter[];
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options', 'trace'];

/** Throws AccessTableError for a route without an entry, an entry without a route, and a value without an action. */
export function checkTable({ paths = {} }: Documented, table: Readonly<Record<string, RouteAccess>> = ROUTES): void {
  const routes = new Map<string, PathItem>(
    Object.entries(paths).flatMap(([path, item]) =>
      METHODS.filter((m) => m in (item ?? {})).map((m) => [`${m.toUpperCase()} ${path}`, item as PathItem] as const),
    ),
  );
  const problems = [
    ...[...routes.keys()].filter((r) => !Object.hasOwn(table, r)).map((r) => `${r} has no action`),
    ...Object.keys(table).flatMap((r) => (routes.has(r) ? [] : [`${r} is no route`])),
    ...Object.entries(table).flatMap(([r, entry]) => unnamedValues(r, entry, routes.get(r))),
  ];
  if (problems.length > 0) throw new AccessTableError(problems);
}

function unnamedValues(route: string, { action }: RouteAccess, item: PathItem | undefined): string[] {
  if (typeof action === 'string' || !item) return [];
  const values = item.parameters?.find((p) => p.name === action.parameter)?.schema?.enum ?? [];
  const missing = values.filter((v) => !Object.hasOwn(action.values, v));
  return missing.map((v) => `${route} has no action for ${action.parameter} ${v}`);
}

/** Undefined when the parameter has a value that no action is named for: not part of the API. */
export function actionOf({ action }: RouteAccess, params: Readonly<Record<string, string>>): Action | undefined {
  if (typeof action === 'string') return action;
  const value = params[action.parameter] ?? '';
  return Object.hasOwn(action.values, value) ? action.values[value] : undefined;
}
