/**
 * The simulated CAN plant: the far end of a UDP tunnel. PLANT_HOST, PLANT_PORT (own end), PLANT_AGENT_PORT (the agent's end on
 * the same host), PLANT_MACHINES (how many), PLANT_PERIOD_MS, HEALTH_PORT (/healthz, /readyz), PLANT_CONTROL_PORT (the fault
 * dial; none when unset).
 */
import { number, runPlant } from '../run';
import { CanPlant } from './plant';

const DAY_MS = 86_400_000;
const MAX_MACHINES = 250;

runPlant('plant-can', 20_001, ({ host, port }) => {
  const addresses = Array.from({ length: number('PLANT_MACHINES', 2, MAX_MACHINES) }, (_, i) => i + 1);
  const agent = { agent_host: host, agent_port: number('PLANT_AGENT_PORT', 20_000, 65_535) };
  return new CanPlant({ host, port, ...agent, addresses, period_ms: number('PLANT_PERIOD_MS', 100, DAY_MS) });
});
