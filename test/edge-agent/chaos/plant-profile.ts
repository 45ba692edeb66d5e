/** Devices on the plant's load units, read as fast as the profile allows. */

export const METRICS = 8;
const FIRST_UNIT = 10;

export interface Load {
  readonly devices: number;
  readonly scan_ms: number;
}

export function fastProfile({ devices, scan_ms }: Load): object {
  return {
    agent: { id: 'edge-chaos', frame: { max_age_ms: 50 }, heartbeat_ms: 1_000 },
    connections: [
      {
        ...{ name: 'plant', protocol: 'modbus-tcp', host: '127.0.0.1', port: '${PLANT_PORT}', timeout_ms: 2_000 },
        ...{ in_flight: 8, backoff: { initial_ms: 100, max_ms: 500 } },
      },
    ],
    models: {
      fast: {
        scan_ms,
        points: Array.from({ length: METRICS }, (_, i) => ({
          ...{ metric: `metric_${i}`, table: 'holding-register', address: i, type: 'uint16' },
        })),
      },
    },
    devices: Array.from({ length: devices }, (_, n) => ({
      ...{ id: `fast-${n}`, connection: 'plant', unit: FIRST_UNIT + n, model: 'fast' },
    })),
  };
}
