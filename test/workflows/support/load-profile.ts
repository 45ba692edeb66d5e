/** Devices for load: one writable register each, on the plant's load units, whose every write is on the plant's record. */
export const SLOT_COMMAND = 'set-slot';
/** First of the plant's units that are for load. */
export const FIRST_UNIT = 10;

export const deviceOf = (n: number): string => `load-${n}`;
export const unitOf = (n: number): number => FIRST_UNIT + n;

export function loadProfile(devices: number, scan_ms: number): object {
  return {
    agent: { id: 'edge-1' },
    connections: [
      {
        ...{ name: 'plant', protocol: 'modbus-tcp', host: '${PLANT_HOST:-127.0.0.1}', port: '${PLANT_PORT:-5020}' },
        ...{ timeout_ms: 2_000, in_flight: 8, backoff: { initial_ms: 100, max_ms: 1_000 } },
      },
    ],
    models: {
      slot: {
        scan_ms,
        points: [{ metric: 'slot', table: 'holding-register', address: 0, type: 'uint16', writable: true }],
        commands: [
          {
            name: SLOT_COMMAND,
            args: [{ name: 'value', type: 'integer', min: 0, max: 65_535 }],
            writes: [{ metric: 'slot', value: '$value' }],
            verify: 'read-back',
            within_ms: 2_000,
          },
        ],
      },
    },
    devices: Array.from({ length: devices }, (_, n) => ({
      ...{ id: deviceOf(n), connection: 'plant', unit: unitOf(n), model: 'slot' },
    })),
  };
}
