/**
 * Quality of a reading, one byte. The class follows OPC UA Part 8 (severity of a StatusCode): good, uncertain, bad;
 * the codes inside a class say why. Codes are never reused.
 */
export const Quality = {
  good: 0,
  uncertain: 1,
  lastUsable: 2,
  outOfRange: 3,
  manual: 4,
  bad: 64,
  notConnected: 65,
  timeout: 66,
  deviceException: 67,
  checksum: 68,
  notConverted: 69,
  configuration: 70,
  sensorFailure: 71,
} as const;

export type QualityCode = (typeof Quality)[keyof typeof Quality] | number;
export type QualityClass = 'good' | 'uncertain' | 'bad';

/** 0 is good, 1..63 uncertain, 64..127 bad. */
export function qualityClass(code: number): QualityClass {
  if (code === 0) return 'good';
  return code < 64 ? 'uncertain' : 'bad';
}
