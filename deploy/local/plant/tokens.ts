/** What simulated devices that come to the agent are told by their environment. */

/** PLANT_TOKENS: device=token, with commas. */
export function tokensOf(): Record<string, string> {
  const pairs = (process.env['PLANT_TOKENS'] ?? 'pump-7=change-me-now').split(',');
  return Object.fromEntries(pairs.map((pair) => pair.split('=', 2) as [string, string]));
}

/** PLANT_AGENT: host:port of an agent that listens for CoAP. */
export function agentOf(): { host: string; port: number } {
  const [host = '', port = '5683'] = (process.env['PLANT_AGENT'] ?? '').split(':');
  return { host: host || '127.0.0.1', port: Number(port) };
}
