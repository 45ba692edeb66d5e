/** The end of devices' lives, over the REST API. */
import { ApiClient } from '../api-client';
import { apiEndpoint, type Context } from '../context';
import { EXIT } from '../errors';
import { json, table } from '../io';
import { milliseconds } from './command-arguments';
import { at } from './device';

export interface Json {
  readonly json?: boolean;
}

export interface StartOptions extends Json {
  readonly reason?: string;
  readonly settle?: string;
  readonly flush?: string;
  readonly whenSilent?: string;
  readonly export?: boolean;
  readonly erase?: boolean;
  readonly force?: boolean;
}

export interface DecideOptions extends Json {
  readonly reason?: string;
}

interface Progress {
  readonly outcome: string;
  readonly detail: string;
  readonly steps: readonly { readonly step: string; readonly state: string; readonly detail: string }[];
  readonly task?: { readonly step: string; readonly problem: string; readonly choices: readonly string[] };
  readonly exported?: { readonly file: string; readonly sha256: string };
}

const client = (context: Context): ApiClient => new ApiClient(apiEndpoint(context));

export async function start(context: Context, id: string, o: StartOptions): Promise<number> {
  const body = {
    ...(o.reason !== undefined && { reason: o.reason }),
    ...(o.settle !== undefined && { settle_ms: milliseconds(o.settle) }),
    ...(o.flush !== undefined && { flush_ms: milliseconds(o.flush) }),
    ...(o.whenSilent !== undefined && { when_silent: o.whenSilent }),
    ...(o.export && { export: true }),
    ...(o.erase && { personal_data: 'erase' }),
    ...(o.force && { force: true }),
  };
  const begun = await client(context).post<object>(`${at(id)}/decommissioning`, body);
  context.io.out(o.json ? json(begun) : `begun: millrace decommission show ${id}\n`);
  return EXIT.ok;
}

export async function list(context: Context, o: Json): Promise<number> {
  const { items } = await client(context).get<{ items: readonly (Progress & { device_id: string })[] }>(
    '/decommissionings',
  );
  if (o.json) context.io.out(json(items));
  else {
    const rows = items.map((p) => [p.device_id, p.outcome, p.steps.find((s) => s.state === 'running')?.step, waits(p)]);
    context.io.out(table(['DEVICE', 'OUTCOME', 'STEP', 'WAITS FOR SOMEBODY'], rows));
  }
  return EXIT.ok;
}

export async function show(context: Context, id: string, o: Json): Promise<number> {
  return told(context, await client(context).get<Progress>(`${at(id)}/decommissioning`), o);
}

export async function decide(context: Context, verb: string, id: string, o: DecideOptions): Promise<number> {
  const body = o.reason === undefined ? {} : { reason: o.reason };
  return told(context, await client(context).post<Progress>(`${at(id)}/decommissioning/${verb}`, body), o);
}

const waits = ({ task }: Progress): string => (task ? `${task.choices.join(' | ')}: ${task.problem}` : '');

function told({ io }: Context, progress: Progress, o: Json): number {
  if (o.json) {
    io.out(json(progress));
    return EXIT.ok;
  }
  const { outcome, detail, steps, task, exported } = progress;
  io.out(
    table(
      ['STEP', 'STATE', 'DETAIL'],
      steps.map((s) => [s.step, s.state, s.detail]),
    ),
  );
  io.out(`${outcome}${detail && `: ${detail}`}\n`);
  if (task) io.out(`waits for somebody: ${waits(progress)}\n`);
  if (exported) io.out(`exported: ${exported.file} (sha256 ${exported.sha256})\n`);
  return EXIT.ok;
}
