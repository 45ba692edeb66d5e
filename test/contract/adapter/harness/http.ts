import { HttpAdapter } from '../../../../edge-agent/adapters/http/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { Plant } from '../../../../deploy/local/plant/http/plant';
import { freePorts } from '../../../../deploy/local/ports';
import { type Field, type Harness, type Rig } from '../harness';
import { dialOf, plansOf } from '../simulated';

const TOKENS = { boiler: 'token-of-boiler', meter: 'token-of-meter' };

const profile = (port: number): string => `
agent: { id: a }
connections: [{ name: posts, protocol: http, port: ${port}, http: { rate_per_s: 1000, burst: 1000 } }]
devices:
  - { id: boiler, connection: posts, http: { token: ${TOKENS.boiler}, silence_ms: 400 }, points: [{ metric: temperature }] }
  - { id: meter, connection: posts, http: { token: ${TOKENS.meter}, silence_ms: 400 }, points: [{ metric: count, type: uint64 }] }
`;

/** Devices that post on Node's own fetch; the agent is the server here. */
async function create(): Promise<Rig> {
  const [port = 0] = await freePorts(1);
  const plant = new Plant({ agent: `http://127.0.0.1:${port}`, period_ms: 50, tokens: TOKENS });
  await plant.start();
  const plans = plansOf(profile(port));
  const adapter = new HttpAdapter(plans.both, { clock: systemClock, random: Math.random });
  const field: Field = {
    ...dialOf(plant),
    disappear: () => plant.stop(),
    held: () => NaN,
    writesTaken: () => 0,
    connections: () => Number(adapter.status().connected),
    acknowledged: () => plant.acknowledged,
  };
  return {
    adapter: Object.assign(adapter, { attempts: () => 0 }),
    field,
    plans,
    devices: ['boiler', 'meter'],
    writable: { metric: 'temperature', value: 1, other: 2 },
    readable: 'temperature',
    backoff_ms: 50,
    dispose: async () => {
      await plant.stop();
      await adapter.close();
    },
  };
}

const NO_COMMANDS = 'devices that post take no commands';

const waivers = {
  'waits longer and longer between attempts': 'the agent is the server: it makes no attempts',
  'writes, and reads back what it wrote': NO_COMMANDS,
  'refuses what cannot be written, for certain, and sends nothing': NO_COMMANDS,
  'refuses writes and reads for certain while nobody is there': NO_COMMANDS,
  'says of a write that was not answered that it does not know': NO_COMMANDS,
  'closes at once and leaves nothing behind': NO_COMMANDS,
};

export const harnesses: readonly Harness[] = [{ adapter: 'http', variant: 'posts', waivers, create }];
