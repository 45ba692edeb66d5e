/**
 * The simulated plant as two BACnet/IP devices, on PLANT_PORT and the next. PLANT_HOST, HEALTH_PORT (/healthz, /readyz),
 * PLANT_CONTROL_PORT (the fault dial; none when unset).
 */
import { runPlant } from '../run';
import { BacnetPlant } from './plant';

runPlant('plant-bacnet', 47_809, (options) => new BacnetPlant(options));
