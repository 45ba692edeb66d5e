import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '../api-client';
import { apiEndpoint, type Context } from '../context';
import { EXIT } from '../errors';
import { duration, json, styled, table } from '../io';
import { argumentsOf, conditionOf, instant, milliseconds, whole } from './command-arguments';

interface Transition {
  readonly state: string;
  readonly at: string;
  readonly detail?: string;
}

export interface Command {
  readonly command_id: string;
  readonly device_id: string;
  readonly name?: string;
  readonly state: string;
  readonly final?: boolean;
  readonly settled?: boolean;
  readonly result?: unknown;
  readonly detail?: string;
  readonly transitions: readonly Transition[];
}

export interface SendOptions {
  readonly qos?: string;
  readonly timeout?: string;
  readonly deadline?: string;
  readonly priority?: string;
  readonly onlyIf?: readonly string[];
  readonly whenAwake?: boolean;
  readonly tolerance?: string;
  readonly settle?: string;
  readonly dryRun?: boolean;
  readonly approval?: boolean;
  readonly wait: boolean;
  readonly json?: boolean;
}

const POLL_MS = 100;
const SLOW_POLL_MS = 1_000;
/** A command that takes longer waits for something (a sleeping device): no need to look so often. */
const SLOW_AFTER_MS = 10_000;
const GOOD = new Set(['verified', 'executed']);
/** Nobody knows how long a late report takes to resolve an unknown outcome: waiting ends here, `command show` tells the rest. */
const ENDED = new Set(['verified', 'failed', 'expired', 'cancelled', 'outcome-unknown']);

/** Sends, and unless told otherwise waits for the outcome: exit 0 only when the device did it. */
export async function send(
  context: Context,
  device: string,
  name: string,
  pairs: readonly string[],
  options: SendOptions,
): Promise<number> {
  const api = new ApiClient(apiEndpoint(context));
  const body = bodyOf(name, pairs, options);
  const sent = await api.post<Command>(`/devices/${encodeURIComponent(device)}/commands`, body);
  if (!options.wait) {
    context.io.out(options.json ? json(sent) : `${sent.command_id}\n`);
    return EXIT.ok;
  }
  if (!options.json) context.io.err(`command ${sent.command_id}\n`);
  const command = await follow(context, api, sent, !options.json);
  if (options.json) context.io.out(json(command));
  return options.dryRun ? rehearsal(context, command) : outcome(context, command, body.qos === 0);
}

/** A command as the API takes it. */
export function bodyOf(name: string, pairs: readonly string[], options: SendOptions): { readonly qos?: number } {
  return {
    name,
    args: argumentsOf(pairs),
    ...(options.qos !== undefined && { qos: whole(options.qos, '--qos', 0, 2) }),
    ...(options.timeout !== undefined && { timeout_ms: milliseconds(options.timeout) }),
    ...more(options),
  } as { readonly qos?: number };
}

/** The options of the API, as far as they were given. */
function more(o: SendOptions): object {
  const given = {
    deadline: o.deadline === undefined ? undefined : instant(o.deadline),
    priority: o.priority === undefined ? undefined : whole(o.priority, '--priority', -9, 9),
    only_if: o.onlyIf?.map(conditionOf),
    when_awake: o.whenAwake,
    tolerance: o.tolerance === undefined ? undefined : Number(o.tolerance),
    settle_ms: o.settle === undefined ? undefined : milliseconds(o.settle),
    dry_run: o.dryRun,
    approval: o.approval,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

interface Rehearsed {
  readonly would?: string;
  readonly reason?: string;
  readonly writes?: object;
  readonly now?: object;
}

/** Exit 0 when the command would be carried out. */
function rehearsal(context: Context, command: Command): number {
  const { would, reason, writes, now } = (command.result ?? {}) as Rehearsed;
  if (would === undefined) return outcome(context, command, false) || EXIT.failed;
  const { io } = context;
  if (would === 'write') io.err(`it would write ${JSON.stringify(writes)}; now it is ${JSON.stringify(now)}\n`);
  else io.err(`it would be refused: ${reason}\n`);
  return would === 'write' ? EXIT.ok : EXIT.failed;
}

interface Cancellation {
  readonly in_time: boolean | null;
  readonly state: string;
}

/** Exit 0 only when the command was certainly not carried out. */
export async function cancel(context: Context, id: string, { json: asJson, ...body }: ReasonOptions): Promise<number> {
  const path = `/commands/${encodeURIComponent(id)}/cancel`;
  const answer = await new ApiClient(apiEndpoint(context)).post<Cancellation>(path, body);
  const { in_time, state } = answer;
  const said = in_time
    ? 'in time: it was not carried out'
    : in_time === false
      ? 'too late'
      : 'not known yet whether in time';
  context.io.out(asJson ? json(answer) : `${said} (${state})\n`);
  return in_time ? EXIT.ok : EXIT.failed;
}

export interface ReasonOptions {
  readonly reason?: string;
  readonly json?: boolean;
}

export async function approve(context: Context, id: string, o: { remark?: string; json?: boolean }): Promise<number> {
  const body = { ...(o.remark !== undefined && { remark: o.remark }) };
  const path = `/commands/${encodeURIComponent(id)}/approve`;
  const command = await new ApiClient(apiEndpoint(context)).post<Command>(path, body);
  if (o.json) context.io.out(json(command));
  else print(context, command, 0);
  return EXIT.ok;
}

/** Newest first. */
export async function list(context: Context, device: string, o: { limit?: string; json?: boolean }): Promise<number> {
  const limit = o.limit === undefined ? '' : `?limit=${whole(o.limit, '--limit', 1, 1_000)}`;
  const path = `/devices/${encodeURIComponent(device)}/commands${limit}`;
  const { items } = await new ApiClient(apiEndpoint(context)).get<{ items: readonly Command[] }>(path);
  const rows = items.map((c) => [c.command_id, c.name, c.state, c.transitions[0]?.at, c.detail]);
  context.io.out(o.json ? json(items) : table(['COMMAND', 'NAME', 'STATE', 'ISSUED', 'DETAIL'], rows));
  return EXIT.ok;
}

/** Follows a command that was sent before to its end. */
export async function watch(context: Context, id: string): Promise<number> {
  const api = new ApiClient(apiEndpoint(context));
  const command = await follow(context, api, await api.get<Command>(`/commands/${encodeURIComponent(id)}`), true);
  return outcome(context, command, false);
}

export async function show(context: Context, id: string, options: { json?: boolean }): Promise<number> {
  const command = await new ApiClient(apiEndpoint(context)).get<Command>(`/commands/${encodeURIComponent(id)}`);
  if (options.json) context.io.out(json(command));
  else print(context, command, 0);
  return EXIT.ok;
}

async function follow(context: Context, api: ApiClient, sent: Command, shown: boolean): Promise<Command> {
  const begun = Date.now();
  let command = sent;
  let printed = 0;
  for (;;) {
    if (shown) printed = print(context, command, printed);
    if (command.final || command.settled || ENDED.has(command.state)) return command;
    await sleep(Date.now() - begun > SLOW_AFTER_MS ? SLOW_POLL_MS : POLL_MS);
    command = await look(api, command, Date.now() - begun);
  }
}

/** The API reads commands from the log, where a new one arrives a moment after it was accepted. */
async function look(api: ApiClient, last: Command, waited_ms: number): Promise<Command> {
  const path = `/commands/${encodeURIComponent(last.command_id)}`;
  if (waited_ms > SLOW_AFTER_MS) return api.get<Command>(path);
  return (await api.find<Command>(path)) ?? last;
}

/** The transitions not printed yet, each with its time since the first. */
function print({ io }: Context, command: Command, printed: number): number {
  const [first] = command.transitions;
  for (const t of command.transitions.slice(printed)) {
    const after = first ? Date.parse(t.at) - Date.parse(first.at) : 0;
    const bad = ['failed', 'expired', 'cancelled', 'outcome-unknown'].includes(t.state);
    const state = styled(t.state.padEnd(16), bad ? 'red' : 'green', io.color.out);
    io.out(`${t.at}  ${state} +${duration(after).padEnd(9)} ${t.detail ?? ''}`.trimEnd() + '\n');
  }
  return command.transitions.length;
}

/** QoS 0 asks for no answer, so none is missed. */
function outcome({ io }: Context, command: Command, unanswered: boolean): number {
  if (GOOD.has(command.state) || unanswered) return EXIT.ok;
  io.err(`millrace: the command is ${command.state}${command.detail ? `: ${command.detail}` : ''}\n`);
  if (!command.final) io.err(`  see later what became of it: millrace command show ${command.command_id}\n`);
  return EXIT.failed;
}
