/**
 * The simulated plant. PLANT_HOST, PLANT_PORT (Modbus TCP), PLANT_DATA_DIR (write log, state), HEALTH_PORT (/healthz, /readyz),
 * PLANT_CONTROL_PORT (the fault dial; none when unset).
 */
import { runPlant } from '../run';
import { Plant } from './plant';

runPlant('plant-modbus', 5_020, (options) => new Plant(options));
