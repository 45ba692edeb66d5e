/**
 * Simulated devices that connect to the agent over MQTT. PLANT_AGENT (such as mqtt://127.0.0.1:1883), PLANT_TOKENS (device=token,
 * with commas), PLANT_PERIOD_MS, PLANT_QOS (1 or 2), HEALTH_PORT (/healthz, /readyz), PLANT_CONTROL_PORT (the fault dial).
 */
import { number, runPlant } from '../run';
import { tokensOf } from '../tokens';
import { Plant } from './plant';

runPlant(
  'plant-mqtt-listener',
  1_883,
  () =>
    new Plant({
      agent: process.env['PLANT_AGENT'] ?? 'mqtt://127.0.0.1:1883',
      tokens: tokensOf(),
      period_ms: number('PLANT_PERIOD_MS', 1_000, 3_600_000),
      qos: number('PLANT_QOS', 1, 2) === 2 ? 2 : 1,
    }),
);
