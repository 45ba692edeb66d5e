/** Devices that were not in the profile and came with a claim code: what is known of them, and the profile with them. Pure. */
import { type ConnectionSection, type DeviceSection, type Profile } from './profile/types';
import { type ClaimsSection, type DeskSection } from './profile/types-http';

/** What a device asked for, and where. */
export interface ClaimOrder {
  readonly connection: string;
  /** Address of the platform's API, which knows the codes. */
  readonly api: string;
  /** Of the profile: what the device is. */
  readonly model: string;
  readonly id: string;
  readonly code: string;
  /** The connection has it already: from the profile, or claimed before. */
  readonly listed: boolean;
}

export type ClaimVerdict =
  | { readonly kind: 'granted'; readonly token: string }
  /** For good: the same code will be refused again. */
  | { readonly kind: 'refused'; readonly why: string }
  /** Nobody could tell: the same code may be shown again. */
  | { readonly kind: 'unavailable'; readonly why: string };

export type TakeClaim = (order: ClaimOrder) => Promise<ClaimVerdict>;

export interface ClaimedDevice {
  readonly id: string;
  readonly connection: string;
  readonly model: string;
  readonly token_file: string;
  /** SHA-256 of the code, hexadecimal. */
  readonly code_hash: string;
  /** ms since 1970-01-01 UTC */
  readonly at: number;
}

/** Devices that an agent takes in; more want a profile. */
export const MAX_CLAIMED = 1_000;
/** A device whose answer got lost is told its secret again for this long, if it shows the same code. */
export const TOLD_AGAIN_MS = 600_000;

const CODE = /^mc_[a-f0-9]{16}_[A-Za-z0-9_-]{32,128}$/;
/** As the registry has it. */
const DEVICE_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

export const isClaimCode = (text: string): boolean => CODE.test(text);
export const mayBeDevice = (id: string): boolean => DEVICE_ID.test(id);

export type Standing = 'new' | 'again' | 'taken' | 'listed' | 'too-many';

/** What is to be done with a code, before the platform is asked. */
export function standingOf(
  claimed: readonly ClaimedDevice[],
  { id, listed }: Pick<ClaimOrder, 'id' | 'listed'>,
  code_hash: string,
  now: number,
): Standing {
  const known = claimed.find((c) => c.id === id);
  if (known) return known.code_hash === code_hash && now < known.at + TOLD_AGAIN_MS ? 'again' : 'taken';
  if (listed) return 'listed';
  return claimed.length < MAX_CLAIMED ? 'new' : 'too-many';
}

const SECTIONS = { http: 'http', coap: 'coap', 'mqtt-listener': 'mqtt_listener' } as const;
type Section = (typeof SECTIONS)[keyof typeof SECTIONS];

/** The claims of a connection, and the device's own part of a profile there. */
function claimsOf(connection: ConnectionSection | undefined): { section: Section; claims: ClaimsSection } | undefined {
  const section = connection && SECTIONS[connection.protocol as keyof typeof SECTIONS];
  const { claims } = (section && (connection[section] as DeskSection | undefined)) ?? {};
  return section && claims && { section, claims };
}

/** Those whose connection still takes strangers in, and who are not in the profile by themselves, added to it. */
export function withClaimed(profile: Profile, claimed: readonly ClaimedDevice[]): Profile {
  const { connections, models = {}, devices, agent } = profile;
  const taken = new Set([agent.id, ...devices.map((d) => d.id)]);
  const added = claimed.flatMap(({ id, connection, model, token_file }): DeviceSection[] => {
    const known = claimsOf(connections.find((c) => c.name === connection));
    return known && Object.hasOwn(models, model) && !taken.has(id)
      ? [{ id, connection, model, [known.section]: { token_file } }]
      : [];
  });
  return added.length > 0 ? { ...profile, devices: [...devices, ...added] } : profile;
}

/** The profile as it would be if a device came to each connection that takes strangers in: what is to be checked before one does. */
export function withNewcomers(profile: Profile): Profile {
  const newcomers = profile.connections.flatMap((c, i): DeviceSection[] => {
    const known = claimsOf(c);
    const id = `newcomer-to-connection-${i}`;
    return known ? [{ id, connection: c.name, model: known.claims.model, [known.section]: { token_file: id } }] : [];
  });
  return newcomers.length > 0 ? { ...profile, devices: [...profile.devices, ...newcomers] } : profile;
}
