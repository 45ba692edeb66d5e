import { CoapAdapter } from '../../../../edge-agent/adapters/coap/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { Plant } from '../../../../deploy/local/plant/coap/plant';
import { freePorts } from '../../../../deploy/local/ports';
import { type Field, type Harness, type Rig } from '../harness';
import { AGENT_LISTENS, dialOf, listening, plansOf, TOKENS } from '../simulated';

const profile = (port: number, plant: number): string => `
agent: { id: a }
connections: [{ name: field, protocol: coap, port: ${port}, timeout_ms: 400, backoff: { initial_ms: 50, max_ms: 200 }, coap: { rate_per_s: 1000, burst: 1000 } }]
devices:
  - id: boiler
    connection: field
    scan_ms: 100
    coap: { token: ${TOKENS.boiler}, silence_ms: 400, host: 127.0.0.1, port: ${plant} }
    points:
      - { metric: temperature }
      - { metric: setpoint, writable: true, coap: { resource: /boiler/setpoint } }
  - { id: meter, connection: field, coap: { token: ${TOKENS.meter}, silence_ms: 400 }, points: [{ metric: count, type: uint64 }] }
`;

/** Devices on npm coap, which post, are observed and are written. */
async function create(): Promise<Rig> {
  const [port = 0, theirs = 0] = await freePorts(2);
  const plant = new Plant({
    ...{ agent: { host: '127.0.0.1', port }, host: '127.0.0.1', port: theirs, period_ms: 50, tokens: TOKENS },
  });
  await plant.start();
  const plans = plansOf(profile(port, theirs));
  const adapter = new CoapAdapter(plans.both, { clock: systemClock, random: Math.random });
  const field: Field = {
    ...dialOf(plant),
    disappear: () => plant.stop(),
    held: () => plant.writes.last?.value ?? NaN,
    writesTaken: () => plant.writes.count,
    connections: () => Number(adapter.status().connected),
    acknowledged: () => plant.acknowledged,
  };
  return listening(adapter, { plant, plans, field });
}

export const harnesses: readonly Harness[] = [
  { adapter: 'coap', variant: 'posts, observed and written', waivers: AGENT_LISTENS, create },
];
