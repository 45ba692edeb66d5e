/** What must be there before the services start, as steps that can be looked at and taken, any number of times. */

/** In the order in which they are taken. */
export const STEPS = ['topics', 'schemas', 'tables'] as const;

export interface Step {
  readonly name: (typeof STEPS)[number];
  /** Names of what is not there yet. Throws when the component cannot be asked. */
  missing(): Promise<readonly string[]>;
  /** Makes what is missing and leaves the rest as it is. */
  make(): Promise<void>;
}

export interface Told {
  readonly step: Step['name'];
  readonly missing: readonly string[];
  /** Why the component cannot be asked. */
  readonly error?: string;
}

export type Tell = (told: Told) => void;

/** Every step in order; the first that fails ends it. */
export async function takeAll(steps: readonly Step[], tell: Tell): Promise<void> {
  for (const step of steps) {
    const missing = await step.missing();
    tell({ step: step.name, missing });
    if (missing.length > 0) await step.make();
  }
}

export interface Waiting {
  /** Looks, at least 1. */
  readonly tries: number;
  readonly pause: () => Promise<void>;
  readonly tell: Tell;
}

/** True once nothing is missing, false when it still is after so many looks. Makes nothing. */
export async function waitForAll(steps: readonly Step[], { tries, pause, tell }: Waiting): Promise<boolean> {
  for (let left = tries; ; left--) {
    const told = await Promise.all(steps.map(look));
    const lacking = told.filter((t) => t.missing.length > 0 || t.error !== undefined);
    if (lacking.length === 0) return true;
    lacking.forEach(tell);
    if (left <= 1) return false;
    await pause();
  }
}

async function look(step: Step): Promise<Told> {
  try {
    return { step: step.name, missing: await step.missing() };
  } catch (error) {
    return { step: step.name, missing: [], error: (error as Error).message };
  }
}
