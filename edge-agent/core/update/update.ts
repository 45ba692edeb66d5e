/** Images on devices: what an order asks, and what is known of each device. Pure. */
import { type Command } from '../../../schemas/generated';
import { type ImageManifest } from '../../../schemas/manifest';

/** Installs the image whose signed manifest is in the arguments: `{manifest}`. */
export const UPDATE = 'millrace.update';
/** Puts back what was there before the image named in the arguments, if that is in force: `{sha256}`. */
export const UPDATE_ROLLBACK = 'millrace.update-rollback';

export const isUpdate = ({ name }: Command): boolean => name === UPDATE || name === UPDATE_ROLLBACK;

/** What is known of one device. */
export interface Installed {
  readonly version: string;
  /** Hex; of what is in force. Empty after going back to what was there before the agent knew. */
  readonly sha256: string;
  /** Highest the device has had; going back does not lower it. */
  readonly counter: number;
  readonly previous?: { readonly version: string; readonly sha256: string };
}

export const NOTHING_KNOWN: Installed = { version: '', sha256: '', counter: 0 };

export function installed(before: Installed, { version, sha256, counter }: ImageManifest): Installed {
  const previous = { version: before.version, sha256: before.sha256 };
  return { version, sha256, counter: Math.max(before.counter, counter), previous };
}

export function wentBack(before: Installed): Installed {
  const { version = '', sha256 = '' } = before.previous ?? {};
  return { version, sha256, counter: before.counter };
}

export type UpdateStep = 'verify' | 'download' | 'apply' | 'check' | 'rollback';

/** What becomes of an order: `result` goes into the event as it is. */
export type UpdateOutcome =
  | { readonly ok: true; readonly result: object }
  | { readonly ok: false; readonly detail: string; readonly result: object };

export const done = (result: object): UpdateOutcome => ({ ok: true, result: { verifiable: false, ...result } });

/** `rolled_back`: the device is as it was before; false when it is not known to be, null when nothing was applied. */
export function failed(step: UpdateStep, detail: string, rolled_back: boolean | null): UpdateOutcome {
  return { ok: false, detail: `${step}: ${detail}`, result: { step, rolled_back } };
}

/** A text argument of the order; empty when it has none. */
export function textArgument({ args }: Command, name: string): string {
  try {
    const value = (JSON.parse(args) as Readonly<Record<string, unknown>> | null)?.[name];
    return typeof value === 'string' ? value : '';
  } catch {
    return '';
  }
}
