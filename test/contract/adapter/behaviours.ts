/** The contract of edge-agent/adapter.ts as things that can be seen from outside. Every adapter is held to every one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type AdapterError } from '../../../edge-agent/adapter';
import { type Rig } from './harness';
import { type Observer, until } from './observer';

export type Behaviour = (rig: Rig, agent: Observer) => Promise<void>;

async function started(rig: Rig, agent: Observer): Promise<void> {
  rig.adapter.start(agent);
  await readWell(rig, agent);
}

/** Both devices give good readings from now on. */
async function readWell(rig: Rig, agent: Observer): Promise<void> {
  agent.forget();
  await until('good readings of both devices', () => rig.devices.every((d) => agent.good(d).length > 0), 10_000);
}

async function refusal(work: Promise<unknown>): Promise<AdapterError> {
  const outcome = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(outcome).toMatchObject({ name: 'AdapterError' });
  return outcome as AdapterError;
}

const TIMEOUT_MS = 1_000;

export const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  'reads every device and tells that it is connected': async (rig, agent) => {
    await started(rig, agent);
    const before = Date.now() - 60_000;
    for (const s of agent.taken) expect(s.at).toBeGreaterThan(before);
  },

  'starts with nobody there, and connects when somebody comes': async (rig, agent) => {
    await rig.field.disappear();
    rig.adapter.start(agent);
    await until('a bad reading of every device', () => rig.devices.every((d) => agent.bad(d).length > 0));
    await rig.field.appear();
    await readWell(rig, agent);
  },

  'tells a lost link with its reason, reads badly meanwhile, and is back by itself': async (rig, agent) => {
    await started(rig, agent);
    agent.forget();
    await rig.field.disappear();
    await until('disconnected, with a reason', () => agent.links.some((l) => l.state === 'disconnected' && !!l.reason));
    await until('bad readings', () => rig.devices.every((d) => agent.bad(d).length > 0));
    await rig.field.appear();
    await readWell(rig, agent);
    expect(agent.links.map((l) => l.state)).toContain('connected');
  },

  'waits longer and longer between attempts': async (rig, agent) => {
    await rig.field.disappear();
    rig.adapter.start(agent);
    await sleep(4 * rig.backoff_ms);
    const attempts = rig.adapter.attempts();
    expect(attempts).toBeGreaterThan(1);
    // Doubling from a tenth: 0.1 + 0.2 + 0.4 + 0.8, then one each.
    expect(attempts).toBeLessThan(14);
  },

  'turns errors of the field into readings of bad quality': async (rig, agent) => {
    await started(rig, agent);
    rig.field.answerErrors();
    agent.forget();
    await until('bad readings', () => rig.devices.every((d) => agent.bad(d).length > 0));
    for (const d of rig.devices) for (const s of agent.bad(d)) expect(s.value).toBeUndefined();
    rig.field.behave();
    await readWell(rig, agent);
  },

  'turns silence into readings of bad quality': async (rig, agent) => {
    await started(rig, agent);
    rig.field.fallSilent();
    agent.forget();
    await until('bad readings', () => rig.devices.every((d) => agent.bad(d).length > 0));
    rig.field.behave();
    await readWell(rig, agent);
  },

  'survives bytes that are not of its protocol': async (rig, agent) => {
    await started(rig, agent);
    for (let i = 0; i < 3; i++) {
      rig.field.sendGarbage();
      await readWell(rig, agent);
    }
  },

  'writes, and reads back what it wrote': async (rig, agent) => {
    await started(rig, agent);
    const [device] = rig.devices;
    const { metric, value, other } = rig.writable;
    for (const v of [value, other]) {
      await rig.adapter.write({ device, metric, value: v, timeout_ms: TIMEOUT_MS });
      // A command that is not answered may still be on its way, and so may what the device said before it came.
      await until('the field holds it', () => rig.field.held() === v);
      let seen = await rig.adapter.read(device, metric, TIMEOUT_MS);
      for (const end = performance.now() + 5_000; seen.value !== v && performance.now() < end; await sleep(20))
        seen = await rig.adapter.read(device, metric, TIMEOUT_MS);
      expect(seen).toMatchObject({ device, metric, value: v, quality: 0 });
    }
    expect(rig.field.writesTaken()).toBe(2);
  },

  'refuses what cannot be written, for certain, and sends nothing': async (rig, agent) => {
    await started(rig, agent);
    const [device] = rig.devices;
    const write = (metric: string, value: unknown): Promise<AdapterError> =>
      refusal(rig.adapter.write({ device, metric, value: value as number, timeout_ms: TIMEOUT_MS }));
    expect(await write('no-such-point', 1)).toMatchObject({ code: 'unknown-point', certain: true });
    expect(await write(rig.readable, 1)).toMatchObject({ code: 'not-writable', certain: true });
    expect(await write(rig.writable.metric, 'nonsense')).toMatchObject({ code: 'invalid-value', certain: true });
    expect(rig.field.writesTaken()).toBe(0);
  },

  'refuses writes and reads for certain while nobody is there': async (rig, agent) => {
    await rig.field.disappear();
    rig.adapter.start(agent);
    await until('it knows', () => agent.links.some((l) => l.state === 'disconnected'));
    const [device] = rig.devices;
    const { metric, value } = rig.writable;
    const order = { device, metric, value, timeout_ms: TIMEOUT_MS };
    expect(await refusal(rig.adapter.write(order))).toMatchObject({ code: 'not-connected', certain: true });
    expect(await refusal(rig.adapter.read(device, metric, TIMEOUT_MS))).toMatchObject({ code: 'not-connected' });
  },

  'says of a write that was not answered that it does not know': async (rig, agent) => {
    await started(rig, agent);
    rig.field.fallSilent();
    const [device] = rig.devices;
    const { metric, value } = rig.writable;
    // The request under way when silence fell must time out first on a line that takes one at a time.
    const error = await refusal(rig.adapter.write({ device, metric, value, timeout_ms: 3 * TIMEOUT_MS }));
    expect(error).toMatchObject({ code: 'timeout', certain: false });
  },

  'neither reads nor writes what is excluded, and goes on with the rest': async (rig, agent) => {
    await started(rig, agent);
    const [first, second] = rig.devices;
    rig.adapter.exclude(new Set([first]));
    await sleep(50);
    agent.forget();
    await until('the other device', () => agent.good(second).length > 2);
    expect(agent.taken.filter((s) => s.device === first)).toEqual([]);
    const { metric, value } = rig.writable;
    const refused = await refusal(rig.adapter.write({ device: first, metric, value, timeout_ms: TIMEOUT_MS }));
    expect(refused.certain).toBe(true);
    expect(rig.field.writesTaken()).toBe(0);
    rig.adapter.exclude(new Set());
    await readWell(rig, agent);
  },

  'takes over other devices on a connection that stays open': async (rig, agent) => {
    await started(rig, agent);
    const [first, second] = rig.devices;
    rig.adapter.reconfigure(rig.plans.first, new Set([second]));
    await sleep(50);
    agent.forget();
    await until('the device that stays', () => agent.good(first).length > 3);
    expect(agent.taken.filter((s) => s.device === second)).toEqual([]);
    rig.adapter.reconfigure(rig.plans.both, new Set());
    await readWell(rig, agent);
    await until('both told connected', () => agent.links.some((l) => l.device === second && l.state === 'connected'));
    expect(agent.links.filter((l) => l.state !== 'connected')).toEqual([]);
  },

  'takes no more than the agent has room for': async (rig, agent) => {
    await started(rig, agent);
    agent.withholdLeave();
    await sleep(200);
    agent.forget();
    await sleep(1_000);
    expect(agent.taken).toEqual([]);
    agent.giveLeave();
    await readWell(rig, agent);
  },

  'acknowledges its source only after the durable append': async (rig, agent) => {
    rig.field.acknowledged();
    agent.acknowledge = false;
    await started(rig, agent);
    expect(rig.field.acknowledged()).toBe(0);
    for (const ack of agent.unacked.splice(0)) ack();
    await until('acknowledged', () => rig.field.acknowledged() > 0);
  },

  'closes at once and leaves nothing behind': async (rig, agent) => {
    await started(rig, agent);
    rig.field.fallSilent();
    const [device] = rig.devices;
    const { metric, value } = rig.writable;
    const underWay = refusal(rig.adapter.write({ device, metric, value, timeout_ms: 60_000 }));
    // Looked at below, after it may have failed.
    underWay.catch(() => undefined);
    await sleep(20);
    const begun = performance.now();
    await rig.adapter.close();
    expect(performance.now() - begun).toBeLessThan(1_000);
    expect(['closed', 'not-connected']).toContain((await underWay).code);
    agent.forget();
    await until('connections closed', () => rig.field.connections() === 0);
    await sleep(300);
    expect(agent.taken).toEqual([]);
    expect((await refusal(rig.adapter.read(device, metric, TIMEOUT_MS))).certain).toBe(true);
  },

  'closes before it is connected': async (rig, agent) => {
    await rig.field.disappear();
    rig.adapter.start(agent);
    await rig.adapter.close();
    await rig.field.appear();
    await sleep(300);
    expect(rig.field.connections()).toBe(0);
  },
};
