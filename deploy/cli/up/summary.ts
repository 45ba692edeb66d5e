/** What a newcomer needs to go on, printed once everything is ready. */
import { fact } from '../context';
import { type Io, styled } from '../io';

/** `command` is how this instance is addressed: `./millrace`, with --data when it is not the default. */
export function summary(facts: Readonly<Record<string, string>>, command: string, io: Pick<Io, 'color'>): string {
  const bold = (text: string): string => styled(text, 'bold', io.color.out);
  const of = (name: string): string => fact(facts, name);
  const password = facts['CLICKHOUSE_PASSWORD_FILE']
    ? `$(cat ${of('CLICKHOUSE_PASSWORD_FILE')})`
    : '$CLICKHOUSE_PASSWORD';
  const trusting = facts['NODE_EXTRA_CA_CERTS'] ? ` --cacert ${facts['NODE_EXTRA_CA_CERTS']}` : '';
  return `
${bold('API and console')}   ${of('API_URL')}
${bold('Console')}           ${command} console   (prints the address that signs you in)
${bold('API token')}         ${of('MILLRACE_API_TOKEN_FILE')}
${bold('ClickHouse')}        ${of('CLICKHOUSE_URL')}

${bold('Ask SQL')}
  curl -s${trusting} '${of('CLICKHOUSE_URL')}/?database=millrace' -u "${facts['CLICKHOUSE_USER'] ?? 'millrace'}:${password}" \\
    -d 'SELECT ts, device_id, metric, value FROM readings ORDER BY ts DESC LIMIT 10 FORMAT PrettyCompact'
  ${command} query "SELECT metric, count(), avg(value) FROM readings GROUP BY metric ORDER BY metric"

${bold('Change a setpoint')}
  ${command} command send boiler-1 set-setpoint value=72

${bold('Look around')}
  ${command} status        ${command} device list        ${command} logs agent -f        ${command} down
`;
}
