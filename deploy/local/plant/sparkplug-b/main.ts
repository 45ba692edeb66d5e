/**
 * The simulated Sparkplug B edge node and its broker. PLANT_HOST, PLANT_PORT (the broker), PLANT_MACHINES (its devices, names with commas), PLANT_PERIOD_MS,
 * HEALTH_PORT (/healthz, /readyz), PLANT_CONTROL_PORT (the fault dial; none when unset).
 */
import closeWithGrace from 'close-with-grace';
import pino from 'pino';
import { controlServer } from '../modbus/control';
import { Plant } from './plant';

const log = pino({ name: 'plant-sparkplug-b', level: process.env['LOG_LEVEL'] ?? 'info' });

function number(name: string, fallback: number, most: number): number {
  const n = Number(process.env[name] || fallback);
  if (!Number.isInteger(n) || n < 0 || n > most) throw new Error(`${name} is ${n}: 0 to ${most}`);
  return n;
}

async function main(): Promise<void> {
  const host = process.env['PLANT_HOST'] ?? '127.0.0.1';
  const port = number('PLANT_PORT', 1_883, 65_535);
  const machines = (process.env['PLANT_MACHINES'] ?? 'boiler,meter').split(',');
  const plant = new Plant({ host, port, devices: machines, period_ms: number('PLANT_PERIOD_MS', 1_000, 86_400_000) });
  const health = await controlServer(
    plant,
    process.env['HEALTH_HOST'] ?? '127.0.0.1',
    number('HEALTH_PORT', 0, 65_535),
    false,
  );
  const dial = process.env['PLANT_CONTROL_PORT'];
  const servers = dial
    ? [health, await controlServer(plant, host, number('PLANT_CONTROL_PORT', 0, 65_535), true)]
    : [health];
  await plant.start();
  log.info({ host, port, machines }, 'plant is running');
  closeWithGrace({ delay: 5_000, logger: false }, async ({ err, signal }) => {
    if (err) log.fatal({ err }, 'stopping after an error');
    await plant.end();
    for (const s of servers) s.close();
    log.info({ signal }, 'stopped');
  });
}

main().catch((err: unknown) => {
  log.fatal({ err }, 'could not start');
  process.exit(1);
});
