/** What becomes of a wish. Pure: time and ids come in, nothing goes out but the decision. */
import {
  type Description,
  type Device,
  type DeviceEvent,
  type DeviceOrNone,
  type EventData,
  type EventType,
  type LifecycleState,
} from './device';
import { allowedMoves, fromOf, isAlreadySo, type Move, moveOf } from './moves';
import { type DeviceRequest } from './request';

export type RejectionCode =
  'invalid' | 'unknown-device' | 'already-registered' | 'illegal-move' | 'version-conflict' | 'no-credential';

export type Decision =
  | { readonly kind: 'accepted'; readonly event: DeviceEvent }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'rejected'; readonly code: RejectionCode; readonly detail: string };

export interface DecisionContext {
  /** ms since 1970-01-01 UTC, the registry's clock. */
  readonly now: number;
  readonly event_id: string;
}

type Rejected = Extract<Decision, { kind: 'rejected' }>;

const UNCHANGED: Decision = { kind: 'unchanged' };

/**
 * Decides a valid request. A request id seen before is `unchanged`, whatever has happened since; so is a wish for what
 * is already so. A rejection names the state and the moves allowed.
 */
export function decide(state: DeviceOrNone, request: DeviceRequest, context: DecisionContext): Decision {
  if (state?.recent_requests.includes(request.request_id)) return UNCHANGED;
  const refusal = refuse(state, request);
  if (refusal) return refusal;
  if (isRepeatedWish(state, request)) return UNCHANGED;
  const move = moveOf(request.type);
  if (!move.from.includes(fromOf(state))) return illegal(state, request);
  const unguarded = guard(state, request);
  return unguarded ?? { kind: 'accepted', event: eventOf(state, request, move, context) };
}

function refuse(state: DeviceOrNone, request: DeviceRequest): Rejected | undefined {
  const name = `${request.tenant}/${request.device_id}`;
  if (state === null && request.type !== 'register')
    return rejected('unknown-device', `there is no device ${name}; allowed: register`);
  const version = state?.version ?? 0;
  if (request.expected_version !== null && request.expected_version !== version)
    return rejected('version-conflict', `${name} is at version ${version}, not ${request.expected_version}`);
  if (state !== null && request.type === 'configure') {
    const expected = request.data.expected_config_version ?? state.desired_version;
    if (expected !== state.desired_version)
      return rejected('version-conflict', `the configuration is at version ${state.desired_version}, not ${expected}`);
  }
  if (state !== null && request.type === 'register')
    return rejected('already-registered', `${name} is already ${state.state}; ${allowed(state)}`);
  return undefined;
}

function isRepeatedWish(state: DeviceOrNone, request: DeviceRequest): boolean {
  if (state === null) return false;
  if (request.type === 'update')
    return moveOf('update').from.includes(state.state) && Object.keys(changes(state, request.data)).length === 0;
  if (request.type === 'configure')
    return moveOf('configure').from.includes(state.state) && JSON.stringify(request.data.config) === state.desired;
  if (request.type === 'report-config') return isReported(state, request.data);
  if (!isAlreadySo(state.state, request.type)) return false;
  return request.type !== 'provision' || (request.data.credential ?? state.credential) === state.credential;
}

function isReported(device: Device, { config, config_version }: EventData['config-reported']): boolean {
  return device.reported_version === config_version && device.reported === JSON.stringify(config);
}

function guard(state: DeviceOrNone, request: DeviceRequest): Rejected | undefined {
  if ((request.type === 'register' || request.type === 'update') && request.data.parent_id === request.device_id)
    return rejected('invalid', 'a device cannot be its own parent');
  if (state === null) return undefined;
  if (request.type === 'report-config' && request.data.config_version > state.desired_version)
    return rejected('invalid', `config_version is ahead of what is desired, version ${state.desired_version}`);
  if (request.type === 'activate') return credentialGuard(state, state.credential);
  if (request.type === 'replace' && state.state === 'active')
    return credentialGuard(state, request.data.credential ?? null);
  return undefined;
}

/** A device that reports by itself needs a credential; one behind an agent is vouched for by the agent's. */
function credentialGuard(device: Device, credential: string | null): Rejected | undefined {
  if (credential !== null || device.agent_id !== null) return undefined;
  const how = 'provision it with a credential, or update its agent_id';
  return rejected('no-credential', `cannot activate a device with neither credential nor agent: ${how}`);
}

function illegal(state: DeviceOrNone, request: DeviceRequest): Rejected {
  return rejected('illegal-move', `cannot ${request.type} a device that is ${fromOf(state)}; ${allowed(state)}`);
}

function allowed(state: DeviceOrNone): string {
  return `allowed: ${allowedMoves(fromOf(state)).join(', ') || 'nothing'}`;
}

function rejected(code: RejectionCode, detail: string): Rejected {
  return { kind: 'rejected', code, detail };
}

function eventOf(state: DeviceOrNone, request: DeviceRequest, move: Move, context: DecisionContext): DeviceEvent {
  return {
    event_id: context.event_id,
    tenant: request.tenant,
    device_id: request.device_id,
    version: (state?.version ?? 0) + 1,
    type: move.event,
    state_from: state?.state ?? null,
    state_to: destination(state, move),
    // A clock set back must not put a fact before the one it follows.
    at: Math.max(context.now, state?.changed_at ?? 0),
    actor: request.actor,
    reason: request.reason,
    request_id: request.request_id,
    data: dataOf(state, request),
  } as DeviceEvent;
}

function destination(state: DeviceOrNone, move: Move): LifecycleState {
  if (move.to !== 'same' && move.to !== 'earlier') return move.to;
  const to = move.to === 'same' ? state?.state : state?.earlier_state;
  if (!to) throw new Error(`${move.request} from ${fromOf(state)} leads nowhere: the table and the state disagree`);
  return to;
}

function dataOf(state: DeviceOrNone, request: DeviceRequest): EventData[EventType] {
  switch (request.type) {
    case 'register':
      return request.data;
    case 'provision':
      return { credential: request.data.credential ?? null };
    case 'update':
      return state === null ? request.data : changes(state, request.data);
    case 'replace':
      return { serial: request.data.serial, credential: request.data.credential ?? null };
    case 'configure':
      return { config: request.data.config, config_version: (state?.desired_version ?? 0) + 1 };
    case 'report-config':
      return { config: request.data.config, config_version: request.data.config_version };
    case 'quarantine':
    case 'release':
    case 'activate':
    case 'suspend':
    case 'resume':
    case 'begin-decommission':
    case 'complete-decommission':
    case 'abandon-decommission':
      return {};
    default:
      return unknownRequest(request);
  }
}

/** The part of a description that differs from the device's. */
export function changes(device: Device, wish: Partial<Description>): Partial<Description> {
  const differs = (key: keyof Description): boolean =>
    wish[key] !== undefined &&
    (key === 'labels' ? !sameLabels(device.labels, wish.labels ?? {}) : wish[key] !== device[key]);
  const keys = (Object.keys(wish) as (keyof Description)[]).filter(differs);
  return Object.fromEntries(keys.map((k) => [k, wish[k]]));
}

function sameLabels(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((k) => Object.hasOwn(b, k) && a[k] === b[k]);
}

function unknownRequest(request: never): never {
  throw new Error(`request ${JSON.stringify(request)} is of no known type`);
}
