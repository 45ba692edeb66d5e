/**
 * The simulated Sparkplug B edge node and its broker. PLANT_HOST, PLANT_PORT (the broker), PLANT_MACHINES (its devices, names with commas), PLANT_PERIOD_MS,
 * HEALTH_PORT (/healthz, /readyz), PLANT_CONTROL_PORT (the fault dial; none when unset).
 */
import { number, runPlant } from '../run';
import { Plant } from './plant';

const DAY_MS = 86_400_000;

runPlant('plant-sparkplug-b', 1_883, ({ host, port }) => {
  const devices = (process.env['PLANT_MACHINES'] ?? 'boiler,meter').split(',');
  return new Plant({ host, port, devices, period_ms: number('PLANT_PERIOD_MS', 1_000, DAY_MS) });
});
