/** Lists over many devices: sessions, commands, campaigns. */
import { ApiClient, typedClient } from '../api-client';
import { apiEndpoint, type Context } from '../context';
import { EXIT } from '../errors';
import { type Cell, json, table } from '../io';
import { type ListOptions as DeviceFilters, pages } from './device';

type Row = Readonly<Record<string, Cell>>;

interface Options {
  readonly state?: string;
  readonly limit?: string;
  readonly json?: boolean;
}

async function ask(
  context: Context,
  path: string,
  columns: Readonly<Record<string, string>>,
  o: Options,
): Promise<number> {
  const { json: asJson, ...given } = o;
  const parameters = new URLSearchParams(given as Record<string, string>);
  const { items } = await new ApiClient(apiEndpoint(context)).get<{ items: readonly Row[] }>(
    `${path}${parameters.size > 0 ? `?${parameters}` : ''}`,
  );
  const rows = items.map((row) => Object.values(columns).map((name) => row[name]));
  context.io.out(asJson ? json(items) : table(Object.keys(columns), rows));
  return EXIT.ok;
}

const COMMANDS = {
  COMMAND: 'command_id',
  DEVICE: 'device_id',
  NAME: 'name',
  STATE: 'state',
  ISSUED: 'issued_at',
  BY: 'actor',
};
const CAMPAIGNS = {
  CAMPAIGN: 'campaign_id',
  VERSION: 'version',
  STEP: 'phase',
  STAGE: 'stage',
  DEVICES: 'devices',
  BEGUN: 'begun_at',
  BY: 'actor',
};

export const commands = (context: Context, o: Options): Promise<number> => ask(context, '/commands', COMMANDS, o);
export const campaigns = (context: Context, o: Options): Promise<number> => ask(context, '/campaigns', CAMPAIGNS, o);

const SESSIONS = ['DEVICE', 'AGENT', 'STATUS', 'HEALTH', 'SINCE', 'LAST SEEN', 'REASON'];

/** The sessions that devices are in now, or were in last. */
export async function sessions(context: Context, { json: asJson, ...filters }: DeviceFilters): Promise<number> {
  const devices = await pages(typedClient(apiEndpoint(context)), filters);
  const views = devices.map(({ device_id, agent_id, presence, health }) => ({
    ...{ device_id, agent_id, health: health?.score },
    ...presence,
  }));
  const rows = views.map((v) => [v.device_id, v.agent_id, v.status, v.health, v.since, v.last_seen, v.reason]);
  context.io.out(asJson ? json(views) : table(SESSIONS, rows));
  return EXIT.ok;
}
