/** The engine's server configuration and default profile, written at every start. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_EXECUTION_S } from './limits';

export interface EngineLimits {
  readonly maxServerMemory_bytes: number;
  readonly maxQueryMemory_bytes: number;
}

/** Settings in force unless a request says otherwise; a request's own are put back to these after it. */
export function profileOf(limits: EngineLimits): ReadonlyMap<string, string> {
  return new Map([
    ['max_memory_usage', String(limits.maxQueryMemory_bytes)],
    ['max_execution_time', String(MAX_EXECUTION_S)],
    ['async_insert', '0'],
    ['insert_deduplicate', '1'],
    ['deduplicate_blocks_in_dependent_materialized_views', '1'],
    ['implicit_select', '0'],
    ['date_time_input_format', 'best_effort'],
  ]);
}

/** Writes the files and gives the path of the first. */
export function writeEngineConfig(dir: string, limits: EngineLimits): string {
  mkdirSync(dir, { recursive: true });
  const users = join(dir, 'users.xml');
  const config = join(dir, 'config.xml');
  const profile = [...profileOf(limits)].map(([name, value]) => `<${name}>${value}</${name}>`).join('\n      ');
  writeFileSync(users, usersXml(profile), { mode: 0o600 });
  writeFileSync(config, configXml(users, join(dir, 'user_files'), limits), { mode: 0o600 });
  return config;
}

/** Passwords are the front's business: nobody reaches the engine but through it. */
const usersXml = (profile: string): string => `<clickhouse>
  <profiles>
    <default>
      ${profile}
    </default>
  </profiles>
  <users>
    <default>
      <password></password>
      <networks><ip>::1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </default>
  </users>
  <quotas><default/></quotas>
</clickhouse>
`;

const configXml = (users: string, userFiles: string, limits: EngineLimits): string => `<clickhouse>
  <users_config>${escape(users)}</users_config>
  <user_files_path>${escape(userFiles)}/</user_files_path>
  <max_server_memory_usage>${limits.maxServerMemory_bytes}</max_server_memory_usage>
  <background_pool_size>4</background_pool_size>
  <background_schedule_pool_size>16</background_schedule_pool_size>
  <mark_cache_size>268435456</mark_cache_size>
</clickhouse>
`;

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
