/**
 * Simulated CoAP devices. PLANT_AGENT (host:port, such as 127.0.0.1:5683), PLANT_TOKENS (device=token, with commas),
 * PLANT_PORT (their resources), PLANT_PERIOD_MS, HEALTH_PORT (/healthz, /readyz), PLANT_CONTROL_PORT (the fault dial).
 */
import { number, runPlant } from '../run';
import { agentOf, tokensOf } from '../tokens';
import { Plant } from './plant';

runPlant('plant-coap', 5_684, ({ host, port }) => {
  const period_ms = number('PLANT_PERIOD_MS', 1_000, 3_600_000);
  return new Plant({ host, port, tokens: tokensOf(), agent: agentOf(), period_ms });
});
