/** What the harnesses over simulated plants have alike: two devices in a profile, and a dial that makes the plant misbehave. */
import { connectionOf } from '../../edge-agent/plan-of';
import { type Field, type Rig } from './harness';

/** A plant of deploy/local/plant. */
interface Dialed {
  start(): Promise<void>;
  readonly faults: { set(fault: { kind: 'drop' | 'exception' | 'garbage' | 'none' }): void };
}

type Dial = Pick<Field, 'appear' | 'fallSilent' | 'answerErrors' | 'sendGarbage' | 'behave'>;

export const dialOf = (plant: Dialed): Dial => ({
  appear: () => plant.start(),
  fallSilent: () => plant.faults.set({ kind: 'drop' }),
  answerErrors: () => plant.faults.set({ kind: 'exception' }),
  sendGarbage: () => plant.faults.set({ kind: 'garbage' }),
  behave: () => plant.faults.set({ kind: 'none' }),
});

/** The devices boiler and meter; the meter on a line of its own in the profile. */
export const plansOf = (profile: string): Rig['plans'] => ({
  both: connectionOf(profile),
  first: connectionOf(profile.replace(/.*id: meter.*\n/, '')),
});

/** Of a field that is told nothing of what became of its values. */
export const acknowledgesNothing = (what: string) => (): never => {
  throw new Error(`${what} is not acknowledged`);
};

/** Of protocols whose devices come to the agent, which is the server then. */
export const AGENT_LISTENS = {
  'waits longer and longer between attempts': 'the agent is the server: it makes no attempts',
  'refuses writes and reads for certain while nobody is there': 'the agent is the server: no link of its own is lost',
} as const;

export const TOKENS = { boiler: 'token-of-boiler', meter: 'token-of-meter' };

/** Devices that come to the agent: boiler, which has a temperature and a setpoint, and meter, which counts. */
export const listening = (
  adapter: Omit<Rig['adapter'], 'attempts'>,
  { plant, plans, field }: Pick<Rig, 'plans' | 'field'> & { readonly plant: { stop(): Promise<void> } },
): Rig => ({
  adapter: Object.assign(adapter, { attempts: () => 0 }),
  field,
  plans,
  devices: ['boiler', 'meter'],
  writable: { metric: 'setpoint', value: 70, other: 65.5 },
  readable: 'temperature',
  backoff_ms: 50,
  dispose: async () => {
    await plant.stop();
    await adapter.close();
  },
});

/** A plant that is a broker, and says what became of its messages. */
interface Queue extends Dialed {
  stop(): Promise<void>;
  readonly writes: { readonly count: number; readonly last: { readonly value: unknown } | undefined };
  readonly broker: { readonly connections: number; readonly acknowledged: number };
}

export const queueField = (plant: Queue): Field => ({
  ...dialOf(plant),
  disappear: () => plant.stop(),
  held: () => plant.writes.last?.value as number,
  writesTaken: () => plant.writes.count,
  connections: () => plant.broker.connections,
  acknowledged: () => plant.broker.acknowledged,
});

/** The agent calls: devices boiler, which has a setpoint and a temperature, and meter. */
export const calling = {
  backoff_ms: 500,
  rig: (
    adapter: Omit<Rig['adapter'], 'attempts'> & { status(): { readonly counters: Readonly<Record<string, number>> } },
    plant: { stop(): Promise<void>; end?(): Promise<void> },
  ): Omit<Rig, 'plans' | 'field'> => ({
    adapter: Object.assign(adapter, { attempts: () => adapter.status().counters['reconnects'] ?? 0 }),
    devices: ['boiler', 'meter'],
    writable: { metric: 'setpoint', value: 70, other: 65.5 },
    readable: 'temperature',
    backoff_ms: 500,
    dispose: async () => {
      await adapter.close();
      await (plant.end?.() ?? plant.stop());
    },
  }),
};
