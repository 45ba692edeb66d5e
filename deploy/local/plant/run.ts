/** A simulated plant as a program: its environment, its health, its fault dial, its end. */
import closeWithGrace from 'close-with-grace';
import pino from 'pino';
import { controlServer, type DialedPlant } from './modbus/control';

export interface PlantProgram extends DialedPlant {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Where more has to end than a stop ends. */
  end?(): Promise<void>;
}

export interface PlantPlace {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
}

/** A whole number of the environment. */
export function number<F extends number | undefined>(name: string, fallback: F, most: number): number | F {
  const text = process.env[name];
  if (text === undefined || text === '') return fallback;
  const n = Number(text);
  if (!Number.isInteger(n) || n < 0 || n > most) throw new Error(`${name} is ${text}: 0 to ${most}`);
  return n;
}

const port = <F extends number | undefined>(name: string, fallback: F): number | F => number(name, fallback, 65_535);

export function runPlant(name: string, standardPort: number, make: (place: PlantPlace) => PlantProgram): void {
  const log = pino({ name, level: process.env['LOG_LEVEL'] ?? 'info' });
  run(name, standardPort, make, log).catch((err: unknown) => {
    log.fatal({ err }, 'could not start');
    process.exit(1);
  });
}

async function run(
  name: string,
  standardPort: number,
  make: (place: PlantPlace) => PlantProgram,
  log: pino.Logger,
): Promise<void> {
  const place: PlantPlace = {
    host: process.env['PLANT_HOST'] ?? '127.0.0.1',
    port: port('PLANT_PORT', standardPort),
    dataDir: process.env['PLANT_DATA_DIR'] ?? `${name}-data`,
  };
  const plant = make(place);
  const controlPort = port('PLANT_CONTROL_PORT', undefined);
  const health = process.env['HEALTH_HOST'] ?? '127.0.0.1';
  const servers = [await controlServer(plant, health, port('HEALTH_PORT', 0), false)];
  if (controlPort !== undefined) servers.push(await controlServer(plant, place.host, controlPort, true));
  await plant.start();
  log.info({ ...place, control_port: controlPort }, 'plant is running');
  closeWithGrace({ delay: 5_000, logger: false }, async ({ err, signal }) => {
    if (err) log.fatal({ err }, 'stopping after an error');
    await (plant.end?.() ?? plant.stop());
    for (const s of servers) s.close();
    log.info({ signal }, 'stopped');
  });
}
