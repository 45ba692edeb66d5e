/** A command to many devices, now or on a schedule. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '../api-client';
import { apiEndpoint, type Context } from '../context';
import { CliError, EXIT } from '../errors';
import { json, table } from '../io';
import { bodyOf, type SendOptions } from './command';
import { milliseconds, whole } from './command-arguments';

export interface Selection {
  readonly model?: string;
  readonly agent?: string;
  readonly path?: string;
  readonly label?: readonly string[];
  readonly q?: string;
  readonly all?: boolean;
  readonly window?: string;
  readonly windowDays?: string;
  readonly windowZone?: string;
}

export interface BatchOptions extends Selection, SendOptions {
  readonly rate?: string;
  readonly inFlight?: string;
  readonly stopAfter?: string;
}

interface Report {
  readonly batch_id: string;
  readonly targets: number;
  readonly skipped: number;
  readonly waiting: number;
  readonly under_way: number;
  readonly ended: Readonly<Record<string, number>>;
  readonly failed: number;
  readonly failures: readonly { readonly device_id: string; readonly state: string; readonly detail: string }[];
  readonly stopped: string;
  readonly over: boolean;
}

const POLL_MS = 1_000;
const client = (context: Context): ApiClient => new ApiClient(apiEndpoint(context));
const at = (id: string): string => `/batches/${encodeURIComponent(id)}`;

/** The filter of the API, as far as it was given. */
export function selected({ model, agent, path, label, q, all }: Selection): object {
  const filter = { model, agent, path, label, q, all };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

/** `22:00-05:00`, the days it opens on, the zone of devices that name none. */
export function hours({ window, windowDays, windowZone }: Selection): object {
  if (window === undefined && windowDays === undefined && windowZone === undefined) return {};
  const [from, to, ...more] = (window ?? '').split('-');
  if (!from || !to || more.length > 0)
    throw new CliError('usage', '--window', `${window ?? 'nothing'} is no window`, 'give it as 22:00-05:00');
  const days = windowDays && { days: windowDays.split(',') };
  return { window: { from, to, ...days, ...(windowZone !== undefined && { time_zone: windowZone }) } };
}

export function batchOf(name: string, pairs: readonly string[], o: BatchOptions): object {
  return {
    filter: selected(o),
    command: bodyOf(name, pairs, o),
    ...hours(o),
    ...(o.rate !== undefined && { rate_per_s: whole(o.rate, '--rate', 1, 100) }),
    ...(o.inFlight !== undefined && { in_flight: whole(o.inFlight, '--in-flight', 1, 200) }),
    ...(o.stopAfter !== undefined && { stop_after_failures: whole(o.stopAfter, '--stop-after', 1, 10_000) }),
  };
}

/** Exit 0 when every device did it. */
export async function send(context: Context, name: string, pairs: readonly string[], o: BatchOptions): Promise<number> {
  const { batch_id } = await client(context).post<{ batch_id: string }>('/batches', batchOf(name, pairs, o));
  if (!o.wait) {
    context.io.out(o.json ? json({ batch_id }) : `${batch_id}\n`);
    return EXIT.ok;
  }
  if (!o.json) context.io.err(`batch ${batch_id}\n`);
  return watch(context, batch_id, o);
}

interface Summary {
  readonly batch_id: string;
  readonly state: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly actor: string;
  readonly begun_at: string;
}

export async function list(context: Context, { json: asJson }: { json?: boolean }): Promise<number> {
  const { items } = await client(context).get<{ items: readonly Summary[] }>('/batches');
  const rows = items.map((b) => [b.batch_id, b.state, b.begun_at, b.name, JSON.stringify(b.args), b.actor]);
  context.io.out(asJson ? json(items) : table(['BATCH', 'STATE', 'BEGUN', 'COMMAND', 'ARGUMENTS', 'BY'], rows));
  return EXIT.ok;
}

export async function watch(context: Context, id: string, { json: asJson }: { json?: boolean }): Promise<number> {
  let last = '';
  for (;;) {
    const report = await client(context).get<Report>(at(id));
    const line = lineOf(report);
    if (line !== last && !asJson) context.io.err(`${line}\n`);
    last = line;
    if (report.over) return tell(context, report, asJson);
    await sleep(POLL_MS);
  }
}

export async function show(context: Context, id: string, { json: asJson }: { json?: boolean }): Promise<number> {
  const report = await client(context).get<Report>(at(id));
  if (!asJson) context.io.err(`${lineOf(report)}\n`);
  tell(context, report, asJson);
  return EXIT.ok;
}

export async function stop(context: Context, id: string, body: { reason?: string }): Promise<number> {
  await client(context).post(`${at(id)}/stop`, body);
  context.io.err('it begins nothing more, and cancels what is under way\n');
  return EXIT.ok;
}

const lineOf = ({ targets, skipped, waiting, under_way, ended }: Report): string =>
  [`${targets} devices (${skipped} skipped)`, `${waiting} wait`, `${under_way} under way`]
    .concat(Object.entries(ended).map(([state, n]) => `${n} ${state}`))
    .join(', ');

function tell({ io }: Context, report: Report, asJson: boolean | undefined): number {
  if (asJson) io.out(json(report));
  else if (report.failures.length > 0) {
    const rows = report.failures.map((f) => [f.device_id, f.state, f.detail]);
    io.out(table(['DEVICE', 'STATE', 'DETAIL'], rows));
  }
  if (report.stopped !== '' && !asJson) io.err(`stopped: ${report.stopped}\n`);
  return report.failed === 0 && report.stopped === '' ? EXIT.ok : EXIT.failed;
}

export interface ScheduleOptions extends BatchOptions {
  readonly cron: string;
  readonly zone?: string;
  readonly from?: string;
  readonly until?: string;
  readonly catchUp?: string;
  readonly note?: string;
}

interface Schedule {
  readonly schedule_id: string;
  readonly cron: string;
  readonly time_zone: string;
  readonly paused: boolean;
  readonly note: string;
  readonly next: readonly string[];
}

export async function addSchedule(
  context: Context,
  id: string,
  name: string,
  pairs: readonly string[],
  o: ScheduleOptions,
): Promise<number> {
  await client(context).post('/schedules', {
    ...{ schedule_id: id, cron: o.cron, batch: batchOf(name, pairs, o) },
    ...(o.zone !== undefined && { time_zone: o.zone }),
    ...(o.from !== undefined && { start_at: o.from }),
    ...(o.until !== undefined && { end_at: o.until }),
    ...(o.catchUp !== undefined && { catch_up_ms: milliseconds(o.catchUp) }),
    ...(o.note !== undefined && { note: o.note }),
  });
  context.io.err(`schedule ${id} is kept\n`);
  return EXIT.ok;
}

export async function listSchedules(context: Context, { json: asJson }: { json?: boolean }): Promise<number> {
  const { items } = await client(context).get<{ items: readonly Schedule[] }>('/schedules');
  const rows = items.map((s) => [s.schedule_id, s.cron, s.time_zone, s.paused ? 'paused' : s.next[0], s.note]);
  context.io.out(asJson ? json(items) : table(['SCHEDULE', 'CRON', 'ZONE', 'NEXT', 'NOTE'], rows));
  return EXIT.ok;
}

export async function moveSchedule(
  context: Context,
  verb: 'pause' | 'resume',
  id: string,
  body: { reason?: string },
): Promise<number> {
  await client(context).post(`/schedules/${encodeURIComponent(id)}/${verb}`, body);
  return EXIT.ok;
}

export async function removeSchedule(context: Context, id: string): Promise<number> {
  await client(context).remove(`/schedules/${encodeURIComponent(id)}`);
  return EXIT.ok;
}
