import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import pino from 'pino';
import { type AuditEvent, type DeviceReply, type DeviceRequest, type DeviceState } from '../../../schemas/generated';
import { createApp } from '../../../services/api/app';
import { ApiKeys } from '../../../services/api/api-keys';
import { Recorder } from '../../../services/api/audit-log';
import { CommandLog } from '../../../services/api/command-log';
import { type ApiDependencies } from '../../../services/api/dependencies';
import { Directory } from '../../../services/api/directory';
import { Feed } from '../../../services/api/feed';
import { Tokens } from '../../../services/api/tokens';
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
    name: '',
    model: '',
    agent_id: 'edge-1',
    path: '',
    labels: {},
    credential: null,
    reason: null,
    registered_at: NOW,
    changed_at: NOW,
    recent_requests: [],
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

export interface Harness {
  readonly url: string;
  readonly deps: ApiDependencies;
  readonly started: { commands: unknown[]; decommissions: unknown[] };
  readonly audit: AuditEvent[];
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  close(): Promise<void>;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

export async function startApi(change: Partial<ApiDependencies> = {}): Promise<Harness> {
  const directory = new Directory();
  const started: Harness['started'] = { commands: [], decommissions: [] };
  const audit: AuditEvent[] = [];
  let id = 0;
  const newId = (): string => `id-${++id}`;
  const deps: ApiDependencies = {
    log: pino({ level: 'silent' }),
    now: () => NOW,
    newId,
    newSecret: () => `${++id}`.padStart(43, 's'),
    token: TOKEN,
    tenant: 'default',
    keys: new ApiKeys({ write: () => Promise.resolve() }, () => NOW),
    tokens: new Tokens({ issuers: [], clockSkew_s: 30, now: () => NOW }),
    recorder: new Recorder({ sink: { write: (e) => Promise.resolve(void audit.push(e)) }, now: () => NOW, newId }),
    registrar: { ask: registryOver(directory) },
    directory,
    commands: new CommandLog(),
    history: {
      readings: () => Promise.resolve([]),
      lifecycle: () => Promise.resolve([]),
      command: () => Promise.resolve(undefined),
      commandsOf: () => Promise.resolve([]),
      audit: () => Promise.resolve([]),
    },
    feed: new Feed(),
    workflows: {
      startCommand: (input) => Promise.resolve(void started.commands.push(input)),
      startDecommission: (input) => Promise.resolve(void started.decommissions.push(input)),
    },
    ...change,
  };
  const server: Server = createServer(createApp(deps));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    deps,
    started,
    audit,
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
