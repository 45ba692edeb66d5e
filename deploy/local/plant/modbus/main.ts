/**
 * The simulated plant. PLANT_HOST, PLANT_PORT (Modbus TCP), PLANT_DATA_DIR (write log, state), HEALTH_PORT (/healthz, /readyz),
 * PLANT_CONTROL_PORT (the fault dial; none when unset).
 */
import closeWithGrace from 'close-with-grace';
import pino from 'pino';
import { controlServer } from './control';
import { Plant } from './plant';

const log = pino({ name: 'plant-modbus', level: process.env['LOG_LEVEL'] ?? 'info' });

function port(name: string, fallback?: number): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === '') return fallback;
  const n = Number(text);
  if (!Number.isInteger(n) || n < 0 || n > 65_535) throw new Error(`${name} is ${text}: a port from 0 to 65535`);
  return n;
}

async function main(): Promise<void> {
  const host = process.env['PLANT_HOST'] ?? '127.0.0.1';
  const dataDir = process.env['PLANT_DATA_DIR'] ?? 'plant-data';
  const modbusPort = port('PLANT_PORT', 5_020) ?? 5_020;
  const plant = new Plant({ host, port: modbusPort, dataDir });
  const controlPort = port('PLANT_CONTROL_PORT');
  const servers = [
    await controlServer(plant, process.env['HEALTH_HOST'] ?? '127.0.0.1', port('HEALTH_PORT', 0) ?? 0, false),
  ];
  if (controlPort !== undefined) servers.push(await controlServer(plant, host, controlPort, true));
  await plant.start();
  log.info({ host, port: modbusPort, control_port: controlPort, data_dir: dataDir }, 'plant is running');
  closeWithGrace({ delay: 5_000, logger: false }, async ({ err, signal }) => {
    if (err) log.fatal({ err }, 'stopping after an error');
    await plant.stop();
    for (const s of servers) s.close();
    log.info({ signal }, 'stopped');
  });
}

main().catch((err: unknown) => {
  log.fatal({ err }, 'could not start');
  process.exit(1);
});
