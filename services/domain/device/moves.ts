/** The life of a device as a table: who may go where. Everything else about moves is derived from it. */
import { type DeviceEvent, type DeviceOrNone, type EventType, type LifecycleState, LIFECYCLE_STATES } from './device';

export const REQUEST_TYPES = [
  'register',
  'provision',
  'activate',
  'suspend',
  'resume',
  'begin-decommission',
  'complete-decommission',
  'abandon-decommission',
  'update',
  'quarantine',
  'release',
  'replace',
  'configure',
  'report-config',
] as const;
export type RequestType = (typeof REQUEST_TYPES)[number];

/** `none`: there is no such device. */
export type From = LifecycleState | 'none';
export const FROM_STATES: readonly From[] = ['none', ...LIFECYCLE_STATES];

export interface Move {
  readonly request: RequestType;
  readonly event: EventType;
  readonly from: readonly From[];
  /** `same`: stays; `earlier`: back to where the decommissioning began. */
  readonly to: LifecycleState | 'same' | 'earlier';
}

const IN_SERVICE = ['registered', 'provisioned', 'active', 'suspended', 'quarantined'] as const;
const INSTALLED = ['provisioned', 'active', 'suspended', 'quarantined'] as const;

export const MOVES: readonly Move[] = [
  { request: 'register', event: 'registered', from: ['none'], to: 'registered' },
  { request: 'provision', event: 'provisioned', from: ['registered'], to: 'provisioned' },
  { request: 'activate', event: 'activated', from: ['provisioned'], to: 'active' },
  { request: 'suspend', event: 'suspended', from: ['active'], to: 'suspended' },
  { request: 'resume', event: 'resumed', from: ['suspended'], to: 'active' },
  { request: 'begin-decommission', event: 'decommission-begun', from: IN_SERVICE, to: 'decommissioning' },
  { request: 'complete-decommission', event: 'decommissioned', from: ['decommissioning'], to: 'decommissioned' },
  { request: 'abandon-decommission', event: 'decommission-abandoned', from: ['decommissioning'], to: 'earlier' },
  // Until the very end: what is personal may have to come off its record.
  { request: 'update', event: 'updated', from: [...IN_SERVICE, 'decommissioning'], to: 'same' },
  { request: 'quarantine', event: 'quarantined', from: ['active', 'suspended'], to: 'quarantined' },
  // Not back to work: somebody looks at it first, and resumes it.
  { request: 'release', event: 'released', from: ['quarantined'], to: 'suspended' },
  { request: 'replace', event: 'replaced', from: INSTALLED, to: 'same' },
  { request: 'configure', event: 'configured', from: IN_SERVICE, to: 'same' },
  { request: 'report-config', event: 'config-reported', from: IN_SERVICE, to: 'same' },
];

const byRequest = new Map(MOVES.map((m) => [m.request, m]));

export function moveOf(request: RequestType): Move {
  const move = byRequest.get(request);
  if (!move) throw new Error(`no move for ${request}: the table of moves is incomplete`);
  return move;
}

export const fromOf = (state: DeviceOrNone): From => (state === null ? 'none' : state.state);

/** Requests that a device in this state may be granted, in the order of the table. */
export function allowedMoves(from: From): readonly RequestType[] {
  return MOVES.filter((m) => m.from.includes(from)).map((m) => m.request);
}

/** Asking for what is already so: a repeated wish, not an error. Registering and updating are judged by content. */
export function isAlreadySo(from: From, request: RequestType): boolean {
  const { to } = moveOf(request);
  return request !== 'register' && to === from;
}

/** Whether a fact is one that today's table allows. Folding does not ask: a history stays readable when rules change. */
export function isLegal(
  event: Pick<DeviceEvent, 'type' | 'state_from' | 'state_to'>,
  earlier: LifecycleState | null,
): boolean {
  const move = MOVES.find((m) => m.event === event.type);
  if (!move?.from.includes(event.state_from ?? 'none')) return false;
  const to = move.to === 'same' ? event.state_from : move.to === 'earlier' ? earlier : move.to;
  return event.state_to === to;
}
