/** Images to many devices, in stages. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '../api-client';
import { apiEndpoint, type Context } from '../context';
import { CliError, EXIT } from '../errors';
import { json, table } from '../io';
import { hours, type Selection, selected } from './batch';
import { milliseconds, whole } from './command-arguments';

export interface StartOptions extends Selection {
  readonly retryOf?: string;
  readonly stages?: string;
  readonly soak?: string;
  readonly failurePercent?: string;
  readonly rollBack: boolean;
  readonly rate?: string;
  readonly inFlight?: string;
  readonly bytesPerSecond?: string;
  readonly deviceTimeout?: string;
  readonly canary?: readonly string[];
  readonly wait: boolean;
  readonly json?: boolean;
}

interface Counts {
  readonly devices: number;
  readonly succeeded: number;
  readonly failed: number;
}

interface Campaign {
  readonly campaign_id: string;
  readonly phase: string;
  readonly detail: string;
  readonly devices: number;
  readonly stages: readonly (Counts & { readonly stage: number; readonly state: string })[];
  readonly rollback?: Counts;
  readonly failures: readonly { readonly device_id: string; readonly state: string; readonly detail: string }[];
}

const POLL_MS = 2_000;
const OVER = new Set(['done', 'aborted', 'rolled-back', 'halted']);
const client = (context: Context): ApiClient => new ApiClient(apiEndpoint(context));
const at = (id: string): string => `/campaigns/${encodeURIComponent(id)}`;

/** Exit 0 when every stage is done. */
export async function start(context: Context, manifestFile: string, o: StartOptions): Promise<number> {
  const body = {
    ...(o.retryOf === undefined ? { filter: selected(o) } : { retry_of: o.retryOf }),
    ...hours(o),
    ...(o.canary && { canaries: { label: o.canary } }),
    manifest: await manifestOf(manifestFile),
    ...(o.stages !== undefined && { stages: stagesOf(o.stages, o.soak) }),
    ...(o.failurePercent !== undefined && { failure_percent: whole(o.failurePercent, '--failure-percent', 0, 100) }),
    roll_back_when_halted: o.rollBack,
    ...(o.rate !== undefined && { rate_per_s: whole(o.rate, '--rate', 1, 100) }),
    ...(o.inFlight !== undefined && { in_flight: whole(o.inFlight, '--in-flight', 1, 200) }),
    ...(o.bytesPerSecond !== undefined && {
      bytes_per_s: whole(o.bytesPerSecond, '--bytes-per-second', 1, 10_000_000_000),
    }),
    ...(o.deviceTimeout !== undefined && { device_timeout_ms: milliseconds(o.deviceTimeout) }),
  };
  const { campaign_id } = await client(context).post<{ campaign_id: string }>('/campaigns', body);
  if (!o.wait) {
    context.io.out(o.json ? json({ campaign_id }) : `${campaign_id}\n`);
    return EXIT.ok;
  }
  if (!o.json) context.io.err(`campaign ${campaign_id}\n`);
  return watch(context, campaign_id, o);
}

async function manifestOf(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const hint = 'give the file that `millrace image add` wrote its output to';
    throw new CliError('usage', 'campaign start', `${file} holds no manifest`, hint, { cause });
  }
}

/** `1,10,50,100` with the same soak time after each but the last. */
export function stagesOf(text: string, soak = '1h'): { percent: number; soak_ms: number }[] {
  const percents = text.split(',').map((p) => whole(p.trim(), '--stages', 1, 100));
  return percents.map((percent) => ({ percent, soak_ms: percent === 100 ? 0 : milliseconds(soak) }));
}

export async function watch(context: Context, id: string, o: { json?: boolean }): Promise<number> {
  let last = '';
  for (;;) {
    const campaign = await client(context).get<Campaign>(at(id));
    const line = lineOf(campaign);
    if (line !== last && !o.json) context.io.err(`${line}\n`);
    last = line;
    if (OVER.has(campaign.phase)) return tell(context, campaign, o.json);
    await sleep(POLL_MS);
  }
}

export async function show(context: Context, id: string, o: { json?: boolean }): Promise<number> {
  const campaign = await client(context).get<Campaign>(at(id));
  if (!o.json) context.io.err(`${lineOf(campaign)}\n`);
  tell(context, campaign, o.json);
  return EXIT.ok;
}

export async function order(context: Context, verb: string, id: string, body: { reason?: string }): Promise<number> {
  const campaign = await client(context).post<Campaign>(`${at(id)}/${verb}`, body);
  context.io.err(`${lineOf(campaign)}\n`);
  return EXIT.ok;
}

const lineOf = ({ phase, detail, stages, rollback }: Campaign): string =>
  [`${phase}${detail && `: ${detail}`}`]
    .concat(stages.map((s) => `stage ${s.stage} ${s.state} ${s.succeeded}/${s.devices}, ${s.failed} failed`))
    .concat(rollback ? [`back ${rollback.succeeded}/${rollback.devices}`] : [])
    .join('; ');

function tell({ io }: Context, campaign: Campaign, asJson: boolean | undefined): number {
  const rows = campaign.failures.map((f) => [f.device_id, f.state, f.detail]);
  if (asJson) io.out(json(campaign));
  else if (rows.length > 0) io.out(table(['DEVICE', 'STATE', 'DETAIL'], rows));
  return campaign.phase === 'done' ? EXIT.ok : EXIT.failed;
}
