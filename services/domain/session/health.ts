/** How well a device does what is expected of it, from 0 to 100, with each thing that takes from it. Pure. */
import { type DeviceState, type Presence } from '../../../schemas/generated';
import { FLAPPING } from './damping';

export type AilmentCode =
  'never-heard' | 'offline' | 'agent-lost' | 'late' | 'flapping' | 'quarantined' | 'configuration-not-taken';

export interface Ailment {
  readonly code: AilmentCode;
  /** Points taken from 100. */
  readonly costs: number;
  readonly detail: string;
}

export interface Health {
  readonly score: number;
  /** The gravest first. */
  readonly reasons: readonly Ailment[];
}

/** What it is known for certain that it does not work costs all, what may be somebody else's fault about half. */
const COSTS: Readonly<Record<AilmentCode, number>> = {
  offline: 100,
  'never-heard': 60,
  'agent-lost': 60,
  quarantined: 50,
  late: 40,
  flapping: 40,
  'configuration-not-taken': 20,
};

type Subject = Pick<DeviceState, 'state' | 'reason' | 'desired_version' | 'reported_version'>;
type Link = Pick<Presence, 'status' | 'reason'>;

/** Undefined for a device of which nothing is expected: not yet in service, suspended, or on its way out. */
export function healthOf(device: Subject, presence: Link | undefined): Health | undefined {
  if (device.state !== 'active' && device.state !== 'quarantined') return undefined;
  const reasons = [...ofLink(presence), ...ofDevice(device)].sort((a, b) => b.costs - a.costs);
  return { score: Math.max(0, 100 - reasons.reduce((sum, { costs }) => sum + costs, 0)), reasons };
}

function ofLink(presence: Link | undefined): Ailment[] {
  if (presence === undefined) return [ailment('never-heard', 'it has not been heard of since it was registered')];
  const { status, reason } = presence;
  if (status === 'online') return [];
  if (status === 'offline') return [ailment('offline', reason)];
  if (status === 'stale') return [ailment(reason === FLAPPING ? 'flapping' : 'late', reason)];
  return [ailment('agent-lost', reason)];
}

function ofDevice({ state, reason, desired_version, reported_version }: Subject): Ailment[] {
  const ailments: Ailment[] = [];
  if (state === 'quarantined') ailments.push(ailment('quarantined', reason ?? ''));
  if (reported_version < desired_version) {
    const detail = `version ${desired_version} is desired, ${reported_version || 'none'} reported`;
    ailments.push(ailment('configuration-not-taken', detail));
  }
  return ailments;
}

const ailment = (code: AilmentCode, detail: string): Ailment => ({ code, costs: COSTS[code], detail });
