/** What a device is told to be: description, configuration, hardware. */
import { ApiClient } from '../api-client';
import { apiEndpoint, type Context } from '../context';
import { documentOf } from '../document';
import { EXIT } from '../errors';
import { json } from '../io';
import { at, type Device, type Json, labelsOf, print } from './device';

const api = (context: Context): ApiClient => new ApiClient(apiEndpoint(context));

export interface UpdateOptions extends Json {
  readonly name?: string;
  readonly model?: string;
  readonly agent?: string;
  readonly path?: string;
  readonly parent?: string;
  readonly label?: readonly string[];
  readonly reason?: string;
}

/** `--agent ''` and `--parent ''` take them away. */
export async function update(context: Context, id: string, options: UpdateOptions): Promise<number> {
  const { json: _, agent, parent, label, ...texts } = options;
  const body = {
    ...texts,
    ...(agent !== undefined && { agent_id: agent || null }),
    ...(parent !== undefined && { parent_id: parent || null }),
    ...(label && { labels: labelsOf(label) }),
  };
  print(context, await api(context).write<Device>('PATCH', at(id), body), options);
  return EXIT.ok;
}

export interface ReplaceOptions extends Json {
  readonly serial: string;
  readonly credential?: string;
  readonly reason?: string;
}

export async function replace(context: Context, id: string, options: ReplaceOptions): Promise<number> {
  const { json: _, ...body } = options;
  print(context, await api(context).post<Device>(`${at(id)}/replace`, body), options);
  return EXIT.ok;
}

interface Config {
  readonly desired_version: number;
  readonly reported_version: number;
  readonly in_sync: boolean;
}

export async function config(context: Context, id: string): Promise<number> {
  context.io.out(json(await api(context).get<Config>(`${at(id)}/config`)));
  return EXIT.ok;
}

export interface ConfigureOptions {
  /** Of the desired configuration that this one replaces; refused when it is another. */
  readonly ifVersion?: string;
}

export async function configure(
  context: Context,
  id: string,
  file: string,
  options: ConfigureOptions,
): Promise<number> {
  const headers = options.ifVersion === undefined ? {} : { 'if-match': `"${options.ifVersion}"` };
  const now = await api(context).write<Config>('PUT', `${at(id)}/config`, documentOf(file, 'configure'), headers);
  const told = now.in_sync ? 'the device has it' : `the device has said version ${now.reported_version}`;
  context.io.out(`desired is version ${now.desired_version}; ${told}\n`);
  return EXIT.ok;
}
