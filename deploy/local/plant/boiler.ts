/** What simulated plants have alike: a boiler's temperature, readings that a fault makes empty, and going away for a while. */

/** °C, between 55 and 65, once round in about two minutes. */
export const temperatureAt = (now: number): number => Math.round(1_000 * (60 + 5 * Math.sin(now / 20_000))) / 1_000;

/** The values, or nothing in any of them while the dial says so. */
export function posted(
  values: Readonly<Record<string, number>>,
  fault: string,
): Readonly<Record<string, number | null>> {
  if (fault !== 'exception') return values;
  return Object.fromEntries(Object.keys(values).map((name) => [name, null]));
}

export async function rebooted(
  plant: { start(): Promise<void>; stop(): Promise<void> },
  down_ms: number,
): Promise<void> {
  await plant.stop();
  await new Promise((resolve) => setTimeout(resolve, down_ms));
  await plant.start();
}
