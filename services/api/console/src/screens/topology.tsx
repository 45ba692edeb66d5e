/** Plant → agent → stream → table, with what flows now. */
import { useRef } from 'preact/hooks';
import { countText, rateText } from '../format';
import { useLive, useLoad, useNow } from '../hooks';
import { pathOf } from '../route';
import { type Device, type Streams } from '../types';
import { Badge, Card, Cli, Link, Screen, Sql, Trouble } from '../ui';
import { siteOf, useRate } from './overview';
import { isCaughtUp, projected, useTopicRates } from './streams';

/** Where what a topic carries is found in SQL. */
const TABLES: Readonly<Record<string, string>> = {
  'm2m.telemetry': 'readings',
  'm2m.lifecycle': 'device_lifecycle',
  'm2m.devices': 'devices',
  'm2m.command-events': 'commands',
  'm2m.sessions': 'sessions',
  'm2m.presence': 'presence',
  'm2m.alarms': 'alarms',
  'm2m.campaigns': 'campaigns',
  'm2m.points': 'points',
  'm2m.outbox-gaps': 'outbox_gaps',
  'm2m.dead-letters': 'dead_letters',
  'm2m.audit': 'audit',
};

/** Readings a second by whatever they are counted by. */
function useRates(readings: ReadonlyMap<string, number>, now: number): ReadonlyMap<string, number> {
  const before = useRef({ at: now, counts: new Map(readings), rates: new Map<string, number>() });
  const { at, counts } = before.current;
  if (now - at >= 2_000) {
    const rates = new Map([...readings].map(([key, n]) => [key, ((n - (counts.get(key) ?? 0)) * 1_000) / (now - at)]));
    before.current = { at: now, counts: new Map(readings), rates };
  }
  return before.current.rates;
}

function grouped(devices: readonly Device[], keyOf: (d: Device) => string): [string, Device[]][] {
  const groups = new Map<string, Device[]>();
  for (const d of devices) {
    const key = keyOf(d);
    const known = groups.get(key);
    if (known) known.push(d);
    else groups.set(key, [d]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}

const sumOf = (devices: readonly Device[], readings: ReadonlyMap<string, number>): number =>
  devices.reduce((n, d) => n + (readings.get(d.device_id) ?? 0), 0);

const online = (devices: readonly Device[]): number => devices.filter((d) => d.presence?.status === 'online').length;

export function Topology() {
  const live = useLive();
  const now = useNow(1_000);
  const total = useRate(live.readings, now);
  const agentRates = useRates(live.agentReadings, now);
  const streams = useLoad<Streams>('/streams', 0, 2_000);
  const topicRates = useTopicRates(streams.value);
  const tableRates = useTopicRates(streams.value, projected);
  const sites = grouped(live.list(), (d) => siteOf(d.path));
  const siteRates = useRates(new Map(sites.map(([site, of]) => [site, sumOf(of, live.deviceReadings)])), now);
  const flowing = streams.value?.topics.filter((t) => TABLES[t.topic] !== undefined) ?? [];
  return (
    <Screen title="Topology" sub={`${rateText(total)} readings on their way into SQL`}>
      {streams.error && <Trouble error={streams.error} again={streams.again} />}
      <div class="flow">
        <Card title="Plant">
          <ul class="nodes">
            {sites.map(([site, of]) => (
              <li key={site}>
                <Link to={pathOf(['devices'], { path: site.startsWith('(') ? '' : site })}>{site}</Link>
                <strong class="number">{rateText(siteRates.get(site) ?? 0)}</strong>
                <span class="soft">
                  {online(of)} of {of.length} devices online
                </span>
              </li>
            ))}
          </ul>
        </Card>
        <Card title="Agents">
          <ul class="nodes">
            {grouped(live.list(), (d) => d.agent_id ?? '(no agent)').map(([agent, of]) => (
              <li key={agent}>
                <Link to={agent.startsWith('(') ? '/devices' : pathOf(['connections', agent])}>{agent}</Link>
                <strong class="number">{rateText(agentRates.get(agent) ?? 0)}</strong>
                <span class="soft">{countText(of.length)} devices</span>
              </li>
            ))}
          </ul>
        </Card>
        <Card title="Stream">
          <ul class="nodes">
            {flowing.map((t) => (
              <li key={t.topic}>
                <Link to="/streams">
                  <code>{t.topic}</code>
                </Link>
                <strong class="number">{rateText(topicRates.get(t.topic) ?? 0)}</strong>
              </li>
            ))}
          </ul>
        </Card>
        <Card title="SQL">
          <ul class="nodes">
            {flowing.map((t) => (
              <li key={t.topic}>
                <code>{TABLES[t.topic]}</code>
                {(tableRates.get(t.topic) ?? 0) > 0 && (
                  <strong class="number">{rateText(tableRates.get(t.topic) ?? 0)}</strong>
                )}
                {isCaughtUp(t) ? (
                  <Badge tone="good">caught up</Badge>
                ) : t.lag === null ? (
                  <Badge tone="plain">empty</Badge>
                ) : (
                  <Badge tone="warn">{countText(t.lag)} behind</Badge>
                )}
              </li>
            ))}
          </ul>
        </Card>
      </div>
      <Cli text="./millrace status" />
      <Sql text="SELECT agent_id, device_id, count() / 60 AS per_second FROM readings WHERE ts > now() - 60 GROUP BY agent_id, device_id ORDER BY per_second DESC" />
    </Screen>
  );
}
