/** PLANT_TOKENS: device=token, with commas. */
export function tokensOf(): Record<string, string> {
  const pairs = (process.env['PLANT_TOKENS'] ?? 'pump-7=change-me-now').split(',');
  return Object.fromEntries(pairs.map((pair) => pair.split('=', 2) as [string, string]));
}
