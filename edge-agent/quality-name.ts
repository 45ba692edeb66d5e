import { Quality, qualityClass } from '../schemas/quality';

const NAMES = new Map<number, string>(Object.entries(Quality).map(([name, code]) => [code, name]));

/** The name of a quality code; its class and number when it has none. */
export function qualityName(code: number): string {
  return NAMES.get(code) ?? `${qualityClass(code)} (${code})`;
}

export { qualityClass };
