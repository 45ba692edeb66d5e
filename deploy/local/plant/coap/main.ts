/**
 * Simulated CoAP devices. PLANT_AGENT (host:port, such as 127.0.0.1:5683), PLANT_TOKENS (device=token, with commas),
 * PLANT_PORT (their resources), PLANT_PERIOD_MS, HEALTH_PORT (/healthz, /readyz), PLANT_CONTROL_PORT (the fault dial).
 */
import { number, runPlant } from '../run';
import { tokensOf } from '../tokens';
import { Plant } from './plant';

runPlant('plant-coap', 5_684, ({ host, port }) => {
  const [agent = '127.0.0.1', agentPort = '5683'] = (process.env['PLANT_AGENT'] ?? '').split(':');
  return new Plant({
    ...{ host, port, tokens: tokensOf() },
    agent: { host: agent || '127.0.0.1', port: Number(agentPort) },
    period_ms: number('PLANT_PERIOD_MS', 1_000, 3_600_000),
  });
});
