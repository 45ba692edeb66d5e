/** Which commands keep a device from being decommissioned. Pure. */
import { type CommandView } from './command';

/** What becomes of QoS 0 nobody waits for. */
export const isInFlight = ({ settled, qos }: CommandView): boolean => !settled && qos !== 0;

/**
 * Ids of a device's commands in flight, by what the log says of recent ones and by whose workflows run. A workflow begins and ends a
 * moment later than its command does, so the log's word goes before.
 */
export function idsInFlight(recent: readonly CommandView[], running: readonly string[]): string[] {
  const known = new Set(recent.map((c) => c.command_id));
  const open = recent.filter(isInFlight).map((c) => c.command_id);
  return [...open, ...running.filter((id) => !known.has(id))];
}
