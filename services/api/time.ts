/** A time parameter, which the validator may have made a Date of: ms since 1970-01-01 UTC. */
export function timeOf(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  return value instanceof Date ? value.getTime() : Date.parse(String(value));
}
