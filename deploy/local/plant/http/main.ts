/**
 * Simulated devices that post, or keep WebSockets open (PLANT_SOCKETS=yes). PLANT_AGENT (such as http://127.0.0.1:8088), PLANT_TOKENS (device=token, with commas),
 * PLANT_PERIOD_MS, HEALTH_PORT (/healthz, /readyz), PLANT_CONTROL_PORT (the fault dial; none when unset).
 */
import closeWithGrace from 'close-with-grace';
import pino from 'pino';
import { controlServer } from '../modbus/control';
import { tokensOf } from '../tokens';
import { Plant } from './plant';
import { SocketPlant } from './sockets';

const log = pino({ name: 'plant-http', level: process.env['LOG_LEVEL'] ?? 'info' });

async function main(): Promise<void> {
  const agent = process.env['PLANT_AGENT'] ?? 'http://127.0.0.1:8088';
  const tokens = tokensOf();
  const kind = process.env['PLANT_SOCKETS'] === 'yes' ? SocketPlant : Plant;
  const plant = new kind({ agent, tokens, period_ms: Number(process.env['PLANT_PERIOD_MS'] || 1_000) });
  const host = process.env['HEALTH_HOST'] ?? '127.0.0.1';
  const servers = [await controlServer(plant, host, Number(process.env['HEALTH_PORT'] || 0), false)];
  const dial = process.env['PLANT_CONTROL_PORT'];
  if (dial) servers.push(await controlServer(plant, host, Number(dial), true));
  await plant.start();
  log.info({ agent, devices: Object.keys(tokens) }, 'plant is running');
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
