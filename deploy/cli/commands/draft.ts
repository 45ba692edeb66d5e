/** A profile that is being written, over the API: what its agent would read, what is behind a connection, points put into it. */
import { writeFileSync } from 'node:fs';
import { parseDocument, stringify } from 'yaml';
import { type Found, type Preview, type ProbeResult, type Tested } from '../../../schemas/probe';
import { ApiClient } from '../api-client';
import { apiEndpoint, type Context } from '../context';
import { CliError, EXIT } from '../errors';
import { json, table } from '../io';
import { textOf } from './profile';

interface Draft {
  readonly text: string;
  /** That the draft names; `--agent` goes before it. */
  readonly agent: string;
}

export interface ProbeOptions {
  readonly agent?: string;
  readonly connection?: string;
  readonly wait?: string;
  readonly json?: boolean;
}

export interface BrowseOptions extends ProbeOptions {
  readonly node?: string;
  /** Device that what is found is put into. */
  readonly into?: string;
}

export interface ImportOptions {
  readonly agent?: string;
  readonly connection: string;
  readonly device?: string;
  readonly csv?: string;
  readonly ede?: string;
  readonly dbc?: string;
  /** Into the file instead of to stdout. */
  readonly write?: boolean;
}

interface WithPoints {
  readonly profile: string;
  readonly added: { readonly devices: number; readonly points: number };
  readonly left_out: readonly string[];
}

const KINDS = ['csv', 'ede', 'dbc'] as const;

/** Exit 0: every point was read, 1: some were not. */
export async function preview(context: Context, file: string, o: ProbeOptions): Promise<number> {
  const draft = draftOf(file, o.agent);
  const found = await probe<Preview>(context, draft, 'preview', o);
  const { values, unread, complaints, points } = found;
  if (o.json) context.io.out(json(found));
  else {
    const rows = values.map((v) => [v.device, v.metric, v.value, v.unit, v.quality, v.time]);
    context.io.out(table(['DEVICE', 'METRIC', 'VALUE', 'UNIT', 'QUALITY', 'TIME'], rows));
  }
  for (const { connection, reason } of complaints) context.io.err(`connection ${connection}: ${reason}\n`);
  if (unread.length > 0) context.io.err(`silent: ${unread.join(', ')}\n`);
  context.io.err(`${values.length} of ${points} points read; nothing was stored, shipped or written\n`);
  return unread.length === 0 && complaints.length === 0 ? EXIT.ok : EXIT.failed;
}

/** Exit 0: the connection was had, 1: it was not. */
export async function test(context: Context, file: string, o: ProbeOptions): Promise<number> {
  const tested = await probe<Tested>(context, draftOf(file, o.agent), 'test', o);
  const { connection, protocol, reached, reason, took_ms } = tested;
  if (o.json) context.io.out(json(tested));
  else
    context.io.out(`${connection} (${protocol}) ${reached ? `answers, after ${took_ms} ms` : `does not: ${reason}`}\n`);
  return reached ? EXIT.ok : EXIT.failed;
}

/** Exit 0: something was found, 1: nothing. */
export async function browse(context: Context, file: string, o: BrowseOptions): Promise<number> {
  const draft = draftOf(file, o.agent);
  const found = await probe<Found>(context, draft, 'browse', o);
  const { points, devices, topics, left_out, cut } = found;
  if (o.into !== undefined) return into(context, file, draft, o, found);
  if (o.json) context.io.out(json(found));
  else {
    if (points.length > 0) context.io.out(stringify({ points }));
    if (devices.length > 0) context.io.out(stringify({ devices }));
    const rows = topics.map((t) => [
      t.topic,
      t.messages,
      t.values.map((v) => v.pointer || '(whole)').join(' '),
      t.sample,
    ]);
    if (rows.length > 0) context.io.out(table(['TOPIC', 'MESSAGES', 'VALUES', 'LAST'], rows));
  }
  tell(context, left_out);
  const count = points.length + devices.length + topics.length;
  context.io.err(`${count} found${cut ? ', and more is there: begin further down with --node' : ''}\n`);
  return count > 0 ? EXIT.ok : EXIT.failed;
}

async function into(context: Context, file: string, draft: Draft, o: BrowseOptions, found: Found): Promise<number> {
  const { points, devices } = found;
  if (points.length + devices.length === 0)
    throw new CliError('failed', 'browse', `nothing was found that ${file} could be given`, 'look without --into');
  const connection = o.connection ?? onlyConnection(draft);
  const source = devices.length > 0 ? { kind: 'devices', devices } : { kind: 'points', points };
  await put(context, draft, { connection, device: o.into ?? '', source }, (text) => context.io.out(text));
  return EXIT.ok;
}

/** The profile with the points, to stdout or into its file. Comments and order stay. */
export async function importPoints(context: Context, file: string, o: ImportOptions): Promise<number> {
  const draft = draftOf(file, o.agent);
  const given = KINDS.flatMap((kind) => (o[kind] === undefined ? [] : [{ kind, from: o[kind] }]));
  const [only] = given;
  if (!only || given.length > 1)
    throw new CliError('usage', 'profile import', 'name one file to import', '--csv, --ede or --dbc');
  const source = { kind: only.kind, text: textOf(only.from, 'a tag list, EDE or DBC file') };
  const keep = (text: string): void => (o.write ? writeFileSync(file, text) : context.io.out(text));
  await put(context, draft, { connection: o.connection, device: o.device ?? '', source }, keep);
  return EXIT.ok;
}

async function put(
  context: Context,
  { agent, text }: Draft,
  points: object,
  keep: (text: string) => void,
): Promise<void> {
  const path = `/agents/${encodeURIComponent(agent)}/profile/points`;
  const body = { profile: text, ...points };
  const { profile, added, left_out } = await new ApiClient(apiEndpoint(context)).post<WithPoints>(path, body);
  keep(profile);
  tell(context, left_out);
  context.io.err(
    `put in: points ${added.points}, new devices ${added.devices}; what would change: millrace profile plan\n`,
  );
}

function tell({ io }: Context, leftOut: readonly string[]): void {
  for (const reason of leftOut) io.err(`left out: ${reason}\n`);
}

async function probe<T extends ProbeResult>(
  context: Context,
  { agent, text }: Draft,
  kind: T['kind'],
  { connection, wait, node }: BrowseOptions,
): Promise<T> {
  const body = {
    ...{ kind, profile: text },
    ...(connection !== undefined && { connection }),
    ...(node !== undefined && { node }),
    ...(wait !== undefined && { wait_s: Number(wait) }),
  };
  return new ApiClient(apiEndpoint(context)).post<T>(`/agents/${encodeURIComponent(agent)}/probes`, body);
}

/** The agent has looked: there is one, and it was not named. */
function onlyConnection({ text }: Draft): string {
  const name: unknown = parseDocument(text).getIn(['connections', 0, 'name']);
  return typeof name === 'string' ? name : '';
}

/** Which agent it is for is in the draft, which need not be valid yet. */
function draftOf(file: string, given: string | undefined): Draft {
  const text = textOf(file);
  const named: unknown = parseDocument(text).getIn(['agent', 'id']);
  const agent = given ?? (typeof named === 'string' ? named : '');
  if (agent === '')
    throw new CliError('usage', 'profile', `${file} names no agent`, 'write agent: { id: … }, or give --agent');
  return { text, agent };
}
