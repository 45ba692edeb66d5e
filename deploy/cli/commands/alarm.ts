/** Alarms of all devices; what is done about them are commands to their agents. */
import { ApiClient } from '../api-client';
import { apiEndpoint, type Context } from '../context';
import { EXIT } from '../errors';
import { json, table } from '../io';
import { send } from './command';
import { milliseconds } from './command-arguments';

interface Alarm {
  readonly device_id: string;
  readonly alarm: string;
  readonly priority: number;
  readonly active: boolean;
  readonly acknowledged: boolean;
  readonly shelved_until: string | null;
  /** Not there on platforms of earlier releases. */
  readonly shelf_comment?: string;
  readonly raised_at?: string;
  readonly at?: string;
  readonly message: string;
  readonly actor: string;
}

export interface ListOptions {
  readonly all?: boolean;
  readonly device?: string;
  readonly limit?: string;
  readonly json?: boolean;
}

const PRIORITIES: Readonly<Record<number, string>> = { 1: 'critical', 2: 'high', 3: 'medium', 4: 'low' };
const MINUTE_MS = 60_000;

const shelf = ({ shelved_until, shelf_comment }: Alarm): string =>
  shelved_until === null ? '' : `shelved${shelf_comment ? `: ${shelf_comment}` : ''}`;

const stands = (a: Alarm): string =>
  [a.active ? 'active' : 'cleared', a.acknowledged ? 'acknowledged' : 'unacknowledged', shelf(a)]
    .filter(Boolean)
    .join(', ');

async function ask(context: Context, path: string, asJson: boolean | undefined): Promise<number> {
  const { items } = await new ApiClient(apiEndpoint(context)).get<{ items: readonly Alarm[] }>(path);
  const rows = items.map((a) => [
    PRIORITIES[a.priority] ?? a.priority,
    a.device_id,
    a.alarm,
    stands(a),
    a.raised_at ?? a.at,
    a.actor,
    a.message,
  ]);
  if (asJson) context.io.out(json(items));
  else context.io.out(table(['PRIORITY', 'DEVICE', 'ALARM', 'STANDS', 'AT', 'BY', 'MESSAGE'], rows));
  return EXIT.ok;
}

const parameters = ({ device, limit }: ListOptions, more: Record<string, string> = {}): string => {
  const given = { ...more, ...(device !== undefined && { device }), ...(limit !== undefined && { limit }) };
  return Object.keys(given).length === 0 ? '' : `?${new URLSearchParams(given)}`;
};

export const list = (context: Context, o: ListOptions): Promise<number> =>
  ask(context, `/alarms${parameters(o, o.all ? { standing: 'false' } : {})}`, o.json);

export const journal = (context: Context, o: ListOptions): Promise<number> =>
  ask(context, `/alarms/journal${parameters(o)}`, o.json);

export interface OrderOptions {
  readonly for?: string;
  readonly comment?: string;
  readonly json?: boolean;
}

export type AlarmOrder = 'acknowledge' | 'shelve' | 'unshelve';

/** Waits until the agent has said that it did it. */
export function order(
  context: Context,
  what: AlarmOrder,
  device: string,
  alarm: string,
  o: OrderOptions,
): Promise<number> {
  const minutes = what === 'shelve' ? [`minutes=${milliseconds(o.for ?? '30m') / MINUTE_MS}`] : [];
  const comment = o.comment === undefined ? [] : [`comment=${JSON.stringify(o.comment)}`];
  const pairs = [`alarm=${JSON.stringify(alarm)}`, ...minutes, ...comment];
  return send(context, device, `alarm-${what}`, pairs, { wait: true, ...(o.json && { json: true }) });
}
