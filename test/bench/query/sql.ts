import { over } from '../../../deploy/clickhouse/http';

export type Sql = (text: string) => Promise<string>;

export function login(env: Readonly<Record<string, string>>): Sql {
  const [url = '', user = '', password = ''] = ['URL', 'USER', 'PASSWORD'].map((n) => env[`CLICKHOUSE_${n}`]);
  return over({ url, user, password });
}
