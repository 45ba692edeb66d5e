import { type ScaleSection } from '../profile/types';
import { type Scale } from './plan';

/** Decimal places tried when a factor is turned into a fraction. */
const MAX_DECIMALS = 9;

/** The fraction of a checked scale; undefined when it changes nothing. */
export function compileScale(section: ScaleSection | undefined): Scale | undefined {
  if (!section) return undefined;
  const { raw_low, raw_high, low, high } = section;
  if (raw_low !== undefined && raw_high !== undefined && low !== undefined && high !== undefined) {
    // low + (raw - raw_low) * (high - low) / (raw_high - raw_low), over one denominator
    const span = raw_high - raw_low;
    return { num: high - low, add: low * span - raw_low * (high - low), den: span };
  }
  const factor = section.factor ?? 1;
  const offset = section.offset ?? 0;
  return factor === 1 && offset === 0 ? undefined : fraction(factor, offset);
}

function fraction(factor: number, offset: number): Scale {
  for (let decimals = 0; decimals <= MAX_DECIMALS; decimals++) {
    const den = 10 ** decimals;
    const num = Math.round(factor * den);
    const add = Math.round(offset * den);
    if (num / den === factor && add / den === offset) return { num, add, den };
  }
  return { num: factor, add: offset, den: 1 };
}

export function toEngineering(scale: Scale, raw: number): number {
  return (raw * scale.num + scale.add) / scale.den;
}

export function toRaw(scale: Scale, engineering: number): number {
  return (engineering * scale.den - scale.add) / scale.num;
}

/** Engineering units per raw step. */
export function step(scale: Scale | undefined): number {
  return scale ? Math.abs(scale.num / scale.den) : 1;
}
