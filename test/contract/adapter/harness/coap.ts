import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoapAdapter } from '../../../../edge-agent/adapters/coap/adapter';
import { systemClock } from '../../../../edge-agent/io/clock';
import { Plant } from '../../../../deploy/local/plant/coap/plant';
import { Plant as TcpPlant } from '../../../../deploy/local/plant/coap-tcp/plant';
import { freePorts } from '../../../../deploy/local/ports';
import { Authority } from '../../../support/certificates';
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

let folder = '';
afterAll(() => folder && rmSync(folder, { recursive: true }));

/** The agent's certificate and who signed it: made once. */
function secrets(): { readonly ca: string; readonly file: string } {
  const [made, own] = [folder !== '', folder || mkdtempSync(join(tmpdir(), 'coap-tls-'))];
  folder = own;
  const [ca, file] = [join(folder, 'ca.pem'), join(folder, 'agent.pem')];
  if (!made) new Authority(folder).issue(file, 1);
  return { ca, file };
}

/** Devices that keep a connection over TLS open: posts one way, observations and writes the other. */
async function createOverTls(): Promise<Rig> {
  const [port = 0] = await freePorts(1);
  const { ca, file } = secrets();
  const plant = new TcpPlant({
    ...{ agent: { host: '127.0.0.1', port }, period_ms: 50, tokens: TOKENS },
    ca: readFileSync(ca),
  });
  await plant.start();
  const tls = `transport: tls, cert_file: ${file}, key_file: ${file}`;
  const plans = plansOf(
    profile(port, 0)
      .replace('coap: {', `coap: { ${tls},`)
      .replace(', host: 127.0.0.1, port: 0', '')
      .replace('/boiler/setpoint', '/setpoint'),
  );
  const adapter = new CoapAdapter(plans.both, { clock: systemClock, random: Math.random });
  const field: Field = {
    ...dialOf(plant),
    disappear: () => plant.stop(),
    held: () => plant.writes.last?.value ?? NaN,
    writesTaken: () => plant.writes.count,
    connections: () => plant.connections,
    acknowledged: () => plant.acknowledged,
  };
  return listening(adapter, { plant, plans, field });
}

export const harnesses: readonly Harness[] = [
  { adapter: 'coap', variant: 'over TLS', waivers: AGENT_LISTENS, create: createOverTls },
  { adapter: 'coap', variant: 'posts, observed and written', waivers: AGENT_LISTENS, create },
];
