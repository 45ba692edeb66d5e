import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '../api-client';
import { apiEndpoint, type Context } from '../context';
import { CliError, EXIT } from '../errors';
import { duration, json, styled } from '../io';

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
  readonly result?: unknown;
  readonly detail?: string;
  readonly transitions: readonly Transition[];
}

export interface SendOptions {
  readonly qos?: string;
  readonly timeout?: string;
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
  const body = {
    name,
    args: argumentsOf(pairs),
    ...(options.qos !== undefined && { qos: whole(options.qos, '--qos', 0, 2) }),
    ...(options.timeout !== undefined && { timeout_ms: milliseconds(options.timeout) }),
  };
  const sent = await api.post<Command>(`/devices/${encodeURIComponent(device)}/commands`, body);
  if (!options.wait) {
    context.io.out(options.json ? json(sent) : `${sent.command_id}\n`);
    return EXIT.ok;
  }
  if (!options.json) context.io.err(`command ${sent.command_id}\n`);
  const command = await follow(context, api, sent, !options.json);
  if (options.json) context.io.out(json(command));
  return outcome(context, command, body.qos === 0);
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
    if (command.final || ENDED.has(command.state)) return command;
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

/** `speed=42 on=true mode=auto`: numbers, booleans and null as such, everything else as text; "42" in quotes is text, too. */
export function argumentsOf(pairs: readonly string[]): Record<string, unknown> {
  const entries = pairs.map((pair) => {
    const split = pair.indexOf('=');
    if (split < 1) throw new CliError('usage', 'command send', `${pair} has no value`, 'write arguments as key=value');
    return [pair.slice(0, split), valueOf(pair.slice(split + 1))] as const;
  });
  return Object.fromEntries(entries);
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function whole(text: string, option: string, min: number, max: number): number {
  const n = Number(text);
  if (Number.isInteger(n) && n >= min && n <= max) return n;
  throw new CliError(
    'usage',
    'command send',
    `${option} ${text} is not possible`,
    `give a whole number from ${min} to ${max}`,
  );
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `30s`, `5m`, `2h`, `1d`, or plain milliseconds. */
export function milliseconds(text: string): number {
  const [, n, unit = ''] = /^(\d+(?:\.\d+)?)([a-z]*)$/.exec(text) ?? [];
  const factor = UNITS[unit];
  if (n !== undefined && factor !== undefined) return Math.round(Number(n) * factor);
  throw new CliError('usage', 'command send', `--timeout ${text} is no duration`, 'write 500ms, 30s, 5m, 2h or 1d');
}
