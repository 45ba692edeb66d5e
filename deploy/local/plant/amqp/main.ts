/**
 * The simulated AMQP 1.0 plant. PLANT_HOST, PLANT_PORT (the broker), PLANT_MACHINES (names with commas), PLANT_PERIOD_MS,
 * HEALTH_PORT (/healthz, /readyz), PLANT_CONTROL_PORT (the fault dial; none when unset).
 */
import { number, runPlant } from '../run';
import { Plant } from './plant';

const DAY_MS = 86_400_000;

runPlant('plant-amqp', 5_672, ({ host, port }) => {
  const machines = (process.env['PLANT_MACHINES'] ?? 'press-1,press-2').split(',');
  return new Plant({ host, port, machines, period_ms: number('PLANT_PERIOD_MS', 1_000, DAY_MS) });
});
