/** `agent discover`: which BACnet devices answer Who-Is. `agent import-ede`: the points of an EDE file. */
import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { parseEde } from '../adapters/bacnet/ede';
import { connectionSettings } from '../adapters/bacnet/settings';
import { type BacnetConnectionSection } from '../core/profile/types-bacnet';
import { whoIs } from '../probe/browse';
import { type Output } from './validate';

/** Devices told; a broadcast into a large network must end. */
const MAX_DEVICES = 10_000;

/** Exit code: 0 when a device answered. */
export async function discover(bacnet: BacnetConnectionSection, wait_ms: number, output: Output): Promise<number> {
  const settings = connectionSettings({ name: 'discover', protocol: 'bacnet', bacnet });
  const { found: devices } = await whoIs(settings, wait_ms, MAX_DEVICES);
  if (devices.length > 0) output.out(stringify({ devices }).trimEnd());
  output.err(`${devices.length} devices answered within ${wait_ms / 1_000} s`);
  return devices.length > 0 ? 0 : 1;
}

/** Exit code: 0 when points came of it. */
export function importEde(file: string, connection: string, output: Output): number {
  const { devices, leftOut } = parseEde(readFileSync(file, 'utf8'));
  const sections = devices.map(({ instance, points }) => ({
    ...{ id: `bacnet-${instance}`, connection, bacnet: { instance } },
    points,
  }));
  if (devices.length > 0) output.out(stringify({ devices: sections }).trimEnd());
  for (const reason of leftOut) output.err(`left out: ${reason}`);
  const points = devices.reduce((n, d) => n + d.points.length, 0);
  output.err(`${devices.length} devices with ${points} points`);
  return points > 0 ? 0 : 1;
}
