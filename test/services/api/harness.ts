import { mkdtempSync } from 'node:fs';
import { type DecommissionProgress } from '../../../workflows/decommission/messages';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import {
  type AgentProfile,
  type AuditEvent,
  type BatchedResult,
  type Definition,
  type DefinitionRequest,
  type DeviceReply,
  type DeviceRequest,
  type DeviceState,
} from '../../../schemas/generated';
import { schemas } from '../../../schemas/codec';
import { coordinatesOf } from '../../../services/lib/dead-letters/letter';
import { createApp } from '../../../services/api/app';
import { createListener, listen } from '../../../services/api/listener';
import { ApiKeys } from '../../../services/api/api-keys';
import { Recorder } from '../../../services/api/audit-log';
import { CommandLog } from '../../../services/api/command-log';
import { type ApiDependencies } from '../../../services/api/dependencies';
import { Definitions } from '../../../services/api/definitions';
import { Directory } from '../../../services/api/directory';
import { begin as beginBatch, reportOf } from '../../../services/domain/batch';
import { initialCampaign } from '../../../services/domain/campaign';
import { type ScheduleRequest } from '../../../services/api/schedules';
import { ImageStore } from '../../../services/api/image-store';
import { Feed } from '../../../services/api/feed';
import { Webhooks } from '../../../services/api/webhooks/book';
import { Pseudonyms } from '../../../services/api/pseudonyms';
import { Tokens } from '../../../services/api/tokens';
import { decide as decideDefinition } from '../../../services/domain/definition';
import { checkRequest, decide, deviceFromRecord, evolve } from '../../../services/domain/device';

export const TOKEN = 'a-token-for-tests';
export const NOW = Date.parse('2026-01-02T03:04:05.678Z');

export function deviceState(id: string, change: Partial<DeviceState> = {}): DeviceState {
  return {
    tenant: 'default',
    device_id: id,
    version: 1,
    state: 'active',
    earlier_state: null,
    ...{ name: '', model: '', agent_id: 'edge-1', path: '', labels: {}, credential: null, reason: null },
    registered_at: NOW,
    changed_at: NOW,
    recent_requests: [],
    ...{ parent_id: null, serial: '', replacements: 0 },
    ...{ desired: '', desired_version: 0, reported: '', reported_version: 0 },
    ...change,
  };
}

/** The registry's decisions without its log: the same decide and evolve, asked directly. */
export function registryOver(directory: Directory) {
  return (request: Omit<DeviceRequest, 'reply_to'>): Promise<DeviceReply> => {
    const known = directory.get(request.tenant, request.device_id)?.device;
    const state = known ? deviceFromRecord(known) : null;
    const reply = { ...request, reply_to: 't', code: '', detail: '', at: NOW };
    const checked = checkRequest({ ...request, reply_to: 't' });
    if (checked.kind === 'invalid')
      return Promise.resolve({ ...reply, outcome: 'rejected', code: 'invalid', detail: 'invalid', state: '' });
    const decision = decide(state, checked.request, { now: NOW, event_id: 'e' });
    const after = decision.kind === 'accepted' ? evolve(state, decision.event) : state;
    const text = after ? JSON.stringify(after) : '';
    if (decision.kind !== 'rejected') return Promise.resolve({ ...reply, outcome: decision.kind, state: text });
    const { code, detail } = decision;
    return Promise.resolve({ ...reply, outcome: 'rejected', code, detail, state: text });
  };
}

/** As the log would have it: each request decided on what the one before it made. */
function manyOver(ask: ReturnType<typeof registryOver>, directory: Directory): ApiDependencies['registrar']['askMany'] {
  return async (common, requests) => {
    const results: BatchedResult[] = [];
    for (const request of requests) {
      const { outcome, code, detail, state } = await ask({ ...common, ...request, expected_version: null });
      const device = state === '' ? undefined : (JSON.parse(state) as DeviceState);
      if (device) directory.apply(device);
      results.push({ outcome, code, detail, state: device?.state ?? '', version: device?.version ?? 0 });
    }
    return results;
  };
}

/** The same for models and groups, deleted ones remembered as the registry does. */
function definerOver(definitions: Definitions) {
  const states = new Map<string, Definition>();
  return (request: Omit<DefinitionRequest, 'reply_to'>): Promise<DeviceReply> => {
    const { request_id, tenant, kind, name } = request;
    const key = `${tenant}/${kind}/${name}`;
    const decision = decideDefinition(states.get(key) ?? null, { ...request, reply_to: 't' }, { now: NOW, count: 0 });
    if (decision.kind === 'accepted') {
      states.set(key, decision.definition);
      definitions.apply(decision.definition);
    }
    const [code, detail] = decision.kind === 'rejected' ? [decision.code, decision.detail] : ['', ''];
    const known = states.get(key);
    const reply = { request_id, reply_to: 't', tenant, device_id: `${kind}/${name}`, code, detail, at: NOW };
    return Promise.resolve({ ...reply, outcome: decision.kind, state: known ? JSON.stringify(known) : '' });
  };
}

export const NO_HISTORY: ApiDependencies['history'] = {
  readings: () => Promise.resolve([]),
  lifecycle: () => Promise.resolve([]),
  life: () => Promise.resolve([]),
  exportReadings: async function* () {
    // Nothing to tell.
  },
  command: () => Promise.resolve(undefined),
  commandsOf: () => Promise.resolve([]),
  audit: () => Promise.resolve([]),
};

export const NO_OVERVIEW: ApiDependencies['overview'] = {
  values: () => Promise.resolve([]),
  alarms: () => Promise.resolve([]),
  alarmJournal: () => Promise.resolve([]),
  positions: () => Promise.resolve([]),
  commands: () => Promise.resolve([]),
  campaigns: () => Promise.resolve([]),
  deadLetters: () => Promise.resolve([]),
  deadLetter: () => Promise.resolve(undefined),
};

/** What is desired of agents, in memory. */
/** Of every device but `new-1`. */
const waitingForSomebody: DecommissionProgress = {
  ...{ outcome: 'running', detail: '', can_abandon: true, last_seq: 7 },
  steps: [{ step: 'export', state: 'running', started_at: 1_000, detail: '' }],
  task: { step: 'export', problem: 'the disk is full', since: 2_000, choices: ['retry', 'go-on', 'abandon'] },
};

function profilesInMemory(): ApiDependencies['profiles'] {
  const desired = new Map<string, AgentProfile>();
  return {
    find: (tenant, agent) => Promise.resolve(desired.get(`${tenant}/${agent}`)),
    put: (p) => Promise.resolve(void desired.set(`${p.tenant}/${p.agent_id}`, p)),
  };
}

export interface Harness {
  readonly url: string;
  readonly deps: ApiDependencies;
  readonly started: Record<
    'commands' | 'decommissions' | 'cancels' | 'approvals' | 'batches' | 'stops' | 'campaigns' | 'orders' | 'decisions',
    unknown[]
  >;
  readonly audit: AuditEvent[];
  readonly schedules: Map<string, { request: ScheduleRequest; input: unknown; paused: boolean }>;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  close(): Promise<void>;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

/** The registry over memory. */
export function registrarOver(directory: Directory, definitions: Definitions): ApiDependencies['registrar'] {
  const ask = registryOver(directory);
  return { ask, askMany: manyOver(ask, directory), define: definerOver(definitions) };
}

export async function startApi(change: Partial<ApiDependencies> = {}): Promise<Harness> {
  const directory = new Directory();
  const started: Harness['started'] = {
    commands: [],
    decommissions: [],
    decisions: [],
    cancels: [],
    approvals: [],
    batches: [],
    stops: [],
    campaigns: [],
    orders: [],
  };
  const schedules: Harness['schedules'] = new Map();
  const audit: AuditEvent[] = [];
  const definitions = new Definitions();
  let id = 0;
  const newId = (): string => `id-${++id}`;
  const deps: ApiDependencies = {
    log: pino({ level: 'silent' }),
    now: () => NOW,
    newId,
    newSecret: () => `${++id}`.padStart(43, 's'),
    token: TOKEN,
    tenant: 'default',
    webhooks: new Webhooks({ begin: () => Promise.resolve(), write: () => Promise.resolve() }),
    keys: new ApiKeys({ write: () => Promise.resolve() }, () => NOW),
    tokens: new Tokens({ issuers: [], clockSkew_s: 30, now: () => NOW }),
    recorder: new Recorder({ sink: { write: (e) => Promise.resolve(void audit.push(e)) }, now: () => NOW, newId }),
    pseudonyms: new Pseudonyms(join(mkdtempSync(join(tmpdir(), 'millrace-pseudonyms-')), 'keys')),
    registrar: registrarOver(directory, definitions),
    definitions,
    directory,
    commands: new CommandLog(),
    history: NO_HISTORY,
    overview: NO_OVERVIEW,
    health: { streams: () => Promise.resolve({ at: NOW, group: 'millrace-projector', topics: [] }) },
    replay: (letters) => Promise.resolve({ sent: letters.map(coordinatesOf), already: [] }),
    schemaOf: () => Promise.resolve(schemas['telemetry-frame']),
    profiles: profilesInMemory(),
    probes: {
      ask: (_asker, _agent, { kind }) =>
        Promise.resolve(
          kind === 'current'
            ? { kind, source: 'file', profile: 'agent: { id: edge-1 }' }
            : kind === 'test'
              ? { kind, connection: 'plc', protocol: 'opcua', reached: false, reason: 'refused', took_ms: 3 }
              : kind === 'preview'
                ? { kind, values: [], unread: [], complaints: [], points: 0 }
                : { kind, protocol: 'mqtt', points: [], devices: [], topics: [], left_out: [], cut: false },
        ),
    },
    rateLimit: { per_second: 0, burst: 1 },
    feed: new Feed(() => NOW),
    workflows: {
      startCommand: (input) => Promise.resolve(void started.commands.push(input)),
      cancelCommand: (...asked) => {
        started.cancels.push(asked);
        return Promise.resolve({ in_time: true, state: 'cancelled' });
      },
      approveCommand: (...asked) => Promise.resolve(void started.approvals.push(asked)),
      batches: () =>
        Promise.resolve(
          [
            ...[{ batch_id: 'b1', state: 'running' as const, name: 'stop', args: '{"now":true}', actor: 'user:alice' }],
          ].map((b) => ({ ...b, begun_at: NOW })),
        ),
      startBatch: (batchId, input) => Promise.resolve(void started.batches.push({ batchId, ...input })),
      batch: (_tenant, batchId) => Promise.resolve(batchId === 'b1' ? reportOf(beginBatch([], 2)) : undefined),
      stopBatch: (...asked) => {
        started.stops.push(asked);
        return Promise.resolve(asked[1] === 'b1');
      },
      startCampaign: (input) => Promise.resolve(void started.campaigns.push(input)),
      campaign: (_tenant, campaignId) => Promise.resolve(campaignId === 'k1' ? initialCampaign : undefined),
      orderCampaign: (...asked) => {
        started.orders.push(asked);
        return Promise.resolve(initialCampaign);
      },
      startDecommission: (input) => Promise.resolve(void started.decommissions.push(input)),
      commandsInFlight: () => Promise.resolve([]),
      decommissions: () => Promise.resolve([{ device_id: 'pump-1', progress: waitingForSomebody }]),
      decommission: (_tenant, id) => Promise.resolve(id === 'new-1' ? undefined : waitingForSomebody),
      decideDecommission: (...asked) => {
        started.decisions.push(asked);
        return Promise.resolve(waitingForSomebody);
      },
    },
    images: new ImageStore(mkdtempSync(join(tmpdir(), 'millrace-images-')), () => `id-${++id}`),
    schedules: {
      create: (request, input) => {
        if (schedules.has(request.schedule_id)) return Promise.resolve(false);
        schedules.set(request.schedule_id, { request, input, paused: false });
        return Promise.resolve(true);
      },
      list: () =>
        Promise.resolve(
          [...schedules.values()].map(({ request: { schedule_id, cron, time_zone, note }, paused }) => ({
            ...{ schedule_id, cron, time_zone, note, paused, next: [NOW], recent: [] },
          })),
        ),
      pause: (_tenant, schedule, paused) => {
        const known = schedules.get(schedule);
        if (known) known.paused = paused;
        return Promise.resolve(known !== undefined);
      },
      remove: (_tenant, schedule) => Promise.resolve(schedules.delete(schedule)),
    },
    approvals: new Set(['reactor', 'valve/open']),
    ...change,
  };
  const server = await listen(createListener(createApp(deps)), '127.0.0.1', 0);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    deps,
    started,
    audit,
    schedules,
    call: (method, path, body, headers = {}) => call(url, method, path, body, headers),
    close: () => {
      deps.feed.close();
      server.closeAllConnections();
      return new Promise((closed) => server.close(() => closed()));
    },
  };
}

async function call(
  url: string,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Answer> {
  const answer = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: JSON.parse(text || '{}') as Record<string, unknown> };
}
