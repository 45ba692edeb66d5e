/**
 * The simulated plant as an OPC UA server. PLANT_HOST, PLANT_PORT, PLANT_DATA_DIR (its key and certificates), HEALTH_PORT
 * (/healthz, /readyz), PLANT_CONTROL_PORT (the fault dial; none when unset).
 */
import { runPlant } from '../run';
import { OpcUaPlant } from './plant';

runPlant('plant-opcua', 4_840, (options) => new OpcUaPlant(options));
