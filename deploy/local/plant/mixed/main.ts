/**
 * The simulated plant in many protocols, of which those are spoken whose ports are given: PLANT_PORT (Modbus TCP), PLANT_MQTT_PORT,
 * PLANT_SPARKPLUG_PORT, PLANT_HTTP_PORT (the agent's, as those of COAP and LISTENER are), and so on: FIELD_PORTS of port-plan.ts.
 * PLANT_HOST, PLANT_TOKEN (of the devices that come to the agent), PLANT_PERIOD_MS, PLANT_DATA_DIR (also acknowledged.json: the numbers
 * that devices were acknowledged for), HEALTH_PORT (/healthz, /readyz), PLANT_CONTROL_PORT (the fault dial; none when unset).
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { FIELD_PORTS, fieldVariableOf } from '../../port-plan';
import { Ledger } from '../ledger';
import { number, runPlant } from '../run';
import { MixedPlant } from './plant';

const DAY_MS = 86_400_000;
const MAX_PORT = 65_535;

runPlant('plant', 5_020, ({ host, port, dataDir }) => {
  mkdirSync(dataDir, { recursive: true });
  const given = FIELD_PORTS.flatMap((name) => {
    const theirs = number(fieldVariableOf(name), undefined, MAX_PORT);
    return theirs === undefined ? [] : [[name, theirs] as const];
  });
  const ledger = new Ledger(join(dataDir, 'acknowledged.json'));
  const plant = new MixedPlant({
    ...{ host, dataDir, acknowledged: ledger.acknowledged },
    ports: { ...Object.fromEntries(given), ...(process.env['PLANT_PORT'] && { modbus: port }) },
    token: process.env['PLANT_TOKEN'] ?? 'change-me-now',
    period_ms: number('PLANT_PERIOD_MS', 1_000, DAY_MS),
  });
  return Object.assign(plant, {
    end: async () => {
      await MixedPlant.prototype.end.call(plant);
      ledger.close();
    },
  });
});
