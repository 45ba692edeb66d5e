import { HttpAdapter } from '../../../../edge-agent/adapters/http/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { Plant } from '../../../../deploy/local/plant/http/plant';
import { SocketPlant } from '../../../../deploy/local/plant/http/sockets';
import { freePorts } from '../../../../deploy/local/ports';
import { type Field, type Harness, type Rig } from '../harness';
import { AGENT_LISTENS, dialOf, listening, plansOf, TOKENS } from '../simulated';

const profile = (port: number): string => `
agent: { id: a }
connections: [{ name: posts, protocol: http, port: ${port}, http: { rate_per_s: 1000, burst: 1000 } }]
devices:
  - { id: boiler, connection: posts, http: { token: ${TOKENS.boiler}, silence_ms: 400 }, points: [{ metric: temperature }, { metric: setpoint, writable: true }] }
  - { id: meter, connection: posts, http: { token: ${TOKENS.meter}, silence_ms: 400 }, points: [{ metric: count, type: uint64 }] }
`;

type Plants = typeof Plant | typeof SocketPlant;

/** Devices on Node's own fetch, or on npm ws; the agent is the server here. */
async function create(kind: Plants, sides: (plant: Plant | SocketPlant) => Partial<Field>): Promise<Rig> {
  const [port = 0] = await freePorts(1);
  const plant = new kind({ agent: `http://127.0.0.1:${port}`, period_ms: 50, tokens: TOKENS });
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
    ...sides(plant),
  };
  return listening(adapter, { plant, plans, field });
}

const NO_COMMANDS = 'commands need the WebSocket';

const posts = {
  ...AGENT_LISTENS,
  'writes, and reads back what it wrote': NO_COMMANDS,
  'says of a write that was not answered that it does not know': NO_COMMANDS,
};

export const harnesses: readonly Harness[] = [
  { adapter: 'http', variant: 'posts', waivers: posts, create: () => create(Plant, () => ({})) },
  {
    adapter: 'http',
    variant: 'WebSocket',
    waivers: AGENT_LISTENS,
    create: () =>
      create(SocketPlant, (plant) => {
        const sockets = plant as SocketPlant;
        return {
          held: () => sockets.writes.last?.value ?? NaN,
          writesTaken: () => sockets.writes.count,
          connections: () => sockets.connections,
        };
      }),
  },
];
