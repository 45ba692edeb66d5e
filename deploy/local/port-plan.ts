/** Which port each listener of a stack gets; pure. */
import { LauncherError } from './supervisor/errors';

interface PortRule {
  readonly standard: number;
  readonly what: string;
}

/** Ports that people and tools address: fixed numbers, each with an option (`--api-port`) and a variable (MILLRACE_API_PORT). */
export const PUBLIC_PORTS = {
  api: { standard: 8080, what: 'REST API and console' },
  'api-mtls': { standard: 8443, what: 'REST API for machines with a certificate, with --secure' },
  clickhouse: { standard: 8123, what: 'ClickHouse over HTTP' },
  kafka: { standard: 9092, what: 'Kafka' },
  'kafka-controller': { standard: 9093, what: 'Kafka controller' },
  'schema-registry': { standard: 8081, what: 'schema registry' },
  temporal: { standard: 7233, what: 'Temporal' },
  'temporal-ui': { standard: 8233, what: 'Temporal web interface' },
  plant: { standard: 5020, what: 'simulated plant, Modbus TCP' },
} as const satisfies Record<string, PortRule>;

/** Health servers: any free port will do, and nobody needs to know it. */
export const HEALTH_PORTS = ['registry', 'presence', 'projector', 'relay', 'api', 'worker', 'agent', 'plant'] as const;

/** Where the simulated plant is met beside Modbus, or meets the agent: any free port will do; a profile names them by variables. */
export const FIELD_PORTS = [
  ...(['mqtt', 'sparkplug', 'http', 'listener', 'coap', 'coap-tcp', 'coap-resources', 'opcua'] as const),
  ...(['bacnet', 'bacnet-meter', 'bacnet-agent', 'can', 'can-agent', 'amqp', 'amqp-0-9-1'] as const),
] as const;

export type FieldPort = (typeof FIELD_PORTS)[number];
export type PublicPort = keyof typeof PUBLIC_PORTS;
export type PortName = PublicPort | `health-${(typeof HEALTH_PORTS)[number]}` | `plant-${FieldPort}`;
export type Ports = Readonly<Record<PortName, number>>;

export const publicPorts = Object.keys(PUBLIC_PORTS) as PublicPort[];
const freeNames = [
  ...HEALTH_PORTS.map((n) => `health-${n}` as const),
  ...FIELD_PORTS.map((n) => `plant-${n}` as const),
];

export const optionOf = (name: PublicPort): string => `--${name}-port`;
export const variableOf = (name: PublicPort): string => `MILLRACE_${name.toUpperCase().replaceAll('-', '_')}_PORT`;
export const fieldVariableOf = (name: FieldPort): string => `PLANT_${name.toUpperCase().replaceAll('-', '_')}_PORT`;

export interface PortChoice {
  /** From options, by name. */
  readonly options: Partial<Record<PublicPort, number>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** From the last run of this data directory. */
  readonly remembered: Partial<Record<string, number>>;
  /** `--ports auto`: ports that nobody chose are free ones instead of the standard ones. */
  readonly auto: boolean;
  readonly instance: string;
  /** Whether somebody else listens there. */
  readonly taken: (port: number) => boolean;
}

/** Below the kernel's ephemeral range, so that no outgoing connection happens to hold one. */
const FREE_FROM = 20_000;
const FREE_TO = 32_000;

/** Throws LauncherError `configuration` for a port that is none, or chosen twice. */
export function choosePorts(choice: PortChoice): Ports {
  const chosen = new Map<PortName, number>();
  for (const name of publicPorts) {
    const port =
      explicit(choice, name) ?? usable(choice, name) ?? (choice.auto ? undefined : PUBLIC_PORTS[name].standard);
    if (port !== undefined) chosen.set(name, port);
  }
  for (const name of freeNames) {
    const port = choice.remembered[name];
    if (port !== undefined && !choice.taken(port)) chosen.set(name, port);
  }
  const free = freePorts(choice, new Set(chosen.values()));
  const all = [...publicPorts, ...freeNames].map((name) => [name, chosen.get(name) ?? free()] as const);
  noneTwice(all);
  return Object.fromEntries(all) as Record<PortName, number>;
}

function explicit({ options, env }: PortChoice, name: PublicPort): number | undefined {
  const text = env[variableOf(name)];
  const port = options[name] ?? (text ? Number(text) : undefined);
  if (port === undefined || (Number.isInteger(port) && port > 0 && port < 65_536)) return port;
  const source = options[name] === undefined ? variableOf(name) : optionOf(name);
  throw new LauncherError(
    'configuration',
    `read ${source}`,
    `${text ?? port} is no port`,
    'give a number from 1 to 65535',
  );
}

/** A remembered port is kept, taken or not, unless any other would do as well. */
function usable({ remembered, auto, taken }: PortChoice, name: PublicPort): number | undefined {
  const port = remembered[name];
  return port !== undefined && auto && taken(port) ? undefined : port;
}

/** Begins at a place of the instance's own, so that two that start at the same time do not reach for the same ports. */
function freePorts({ instance, taken }: PortChoice, used: Set<number>): () => number {
  const span = FREE_TO - FREE_FROM;
  let next = Number.parseInt(instance.slice(0, 6), 16) % span;
  let tried = 0;
  return () => {
    while (tried++ < span) {
      const port = FREE_FROM + (next++ % span);
      if (used.has(port) || taken(port)) continue;
      used.add(port);
      return port;
    }
    throw new LauncherError(
      'configuration',
      'choose ports',
      `no port is free from ${FREE_FROM} to ${FREE_TO}`,
      'stop something',
    );
  };
}

function noneTwice(all: readonly (readonly [PortName, number])[]): void {
  const seen = new Map<number, PortName>();
  for (const [name, port] of all) {
    const other = seen.get(port);
    if (other)
      throw new LauncherError(
        'configuration',
        'choose ports',
        `${name} and ${other} both get ${port}`,
        'give one of them another',
      );
    seen.set(port, name);
  }
}
