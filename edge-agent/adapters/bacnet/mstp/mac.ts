/** How a station of MS/TP is named where BACnet/IP has address and port. Pure. */
const PREFIX = 'mac:';

export const macAddress = (mac: number): string => `${PREFIX}${mac}`;

/** Undefined: no station. */
export function macOf(address: string): number | undefined {
  const [, mac] = /^mac:(\d{1,3})$/.exec(address) ?? [];
  return mac === undefined || Number(mac) > 255 ? undefined : Number(mac);
}
