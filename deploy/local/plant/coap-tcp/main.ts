/**
 * Simulated devices with CoAP over TCP. PLANT_AGENT (host:port, such as 127.0.0.1:5683), PLANT_TOKENS (device=token, with commas),
 * PLANT_CA_FILE (over TLS), PLANT_PERIOD_MS, HEALTH_PORT (/healthz, /readyz), PLANT_CONTROL_PORT (the fault dial).
 */
import { readFileSync } from 'node:fs';
import { number, runPlant } from '../run';
import { agentOf, tokensOf } from '../tokens';
import { Plant } from './plant';

runPlant('plant-coap-tcp', 5_684, () => {
  const ca = process.env['PLANT_CA_FILE'];
  return new Plant({
    ...{ agent: agentOf(), tokens: tokensOf(), period_ms: number('PLANT_PERIOD_MS', 1_000, 3_600_000) },
    ...(ca && { ca: readFileSync(ca) }),
  });
});
