/** The fleet at a glance: what is there, what is wrong, what just happened. */
import { useRef } from 'preact/hooks';
import { countText, rateText } from '../format';
import { useLive, useLoad, useNow } from '../hooks';
import { type Live } from '../live';
import { pathOf } from '../route';
import { type AlarmRow, type Device, type Items, type Streams } from '../types';
import { Badge, Card, Cli, Empty, Link, Loading, Screen, Sql, Table, type Tone, Trouble } from '../ui';

const LINKS = ['online', 'stale', 'offline', 'unknown'] as const;
const LINK_TONES: Readonly<Record<(typeof LINKS)[number], Tone>> = {
  online: 'good',
  stale: 'warn',
  offline: 'bad',
  unknown: 'plain',
};
const EVENTS_SHOWN = 12;

export const siteOf = (path: string): string => path.split('/').slice(0, 2).join('/') || '(no path)';

/** Readings a second over the last few seconds. */
export function useRate(count: number, now: number): number {
  const seen = useRef<{ at: number; count: number }[]>([]);
  const list = seen.current;
  if (list.at(-1)?.at !== now) list.push({ at: now, count });
  while (list.length > 6) list.shift();
  const [first, last] = [list[0], list.at(-1)];
  if (!first || !last || last.at === first.at) return 0;
  return ((last.count - first.count) * 1_000) / (last.at - first.at);
}

const linkOf = (d: Device): (typeof LINKS)[number] => d.presence?.status ?? 'unknown';

export function Overview() {
  const live = useLive();
  const now = useNow(1_000);
  const rate = useRate(live.readings, now);
  const alarms = useLoad<Items<AlarmRow>>('/alarms', live.alarms, 15_000);
  const streams = useLoad<Streams>('/streams', 0, 5_000);
  const devices = live.list();
  if (devices.length === 0 && live.failure)
    return (
      <Screen title="Overview">
        <Trouble error={live.failure} />
      </Screen>
    );
  if (devices.length === 0 && !live.complete)
    return (
      <Screen title="Overview">
        <Loading what="Asking for the devices" />
      </Screen>
    );
  if (devices.length === 0)
    return (
      <Screen title="Overview">
        <NoDevices />
      </Screen>
    );
  const standing = alarms.value?.items.filter((a) => a.active) ?? [];
  const lag = streams.value?.topics.reduce((n, t) => n + Math.max(0, (t.lag ?? 0) - t.partitions), 0);
  return (
    <Screen title="Overview">
      <div class="stats">
        <Stat name="Devices" value={countText(devices.length)} to="/devices">
          {countText(devices.filter((d) => d.state === 'active').length)} active
        </Stat>
        <Stat name="Readings" value={rateText(rate)} to="/topology">
          live from the stream
        </Stat>
        <Stat name="Alarms" value={alarms.value ? countText(standing.length) : '—'} to="/alarms">
          {alarms.error
            ? 'not known now'
            : `${countText(alarms.value?.items.filter((a) => !a.acknowledged).length ?? 0)} not acknowledged`}
        </Stat>
        <Stat name="Behind in SQL" value={lag === undefined ? '—' : countText(lag)} to="/streams">
          {streams.error ? 'not known now' : 'messages'}
        </Stat>
      </div>
      <Card title="Links">
        <Links devices={devices} />
        <Sql text="SELECT status, count() FROM presence GROUP BY status ORDER BY status" />
      </Card>
      <Card title="Sites">
        <Sites devices={devices} standing={standing} />
      </Card>
      <Card title="What just happened">
        <Events live={live} />
      </Card>
    </Screen>
  );
}

export function NoDevices() {
  return (
    <Empty>
      <strong>No devices yet</strong>
      <span>Register one, or start the simulated plant:</span>
      <Cli text="./millrace device register my-device --agent edge-1" />
    </Empty>
  );
}

function Stat({
  name,
  value,
  to,
  children,
}: {
  name: string;
  value: string;
  to: string;
  children: preact.ComponentChildren;
}) {
  return (
    <Link to={to} class="stat">
      <span class="soft">{name}</span>
      <strong>{value}</strong>
      <span class="soft">{children}</span>
    </Link>
  );
}

function Links({ devices }: { devices: readonly Device[] }) {
  const counts = LINKS.map((link) => [link, devices.filter((d) => linkOf(d) === link).length] as const);
  return (
    <>
      <div class="bar" aria-hidden="true">
        {counts.map(([link, n]) => n > 0 && <span key={link} class={LINK_TONES[link]} style={{ flexGrow: n }} />)}
      </div>
      <ul class="legend">
        {counts.map(([link, n]) => (
          <li key={link}>
            <Link to={pathOf(['devices'], { link })}>
              <Badge tone={LINK_TONES[link]}>
                {countText(n)} {link}
              </Badge>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}

function Sites({ devices, standing }: { devices: readonly Device[]; standing: readonly AlarmRow[] }) {
  const sites = new Map<string, { devices: number; online: number; alarms: number }>();
  const siteOfDevice = new Map<string, string>();
  for (const d of devices) {
    const site = siteOf(d.path);
    siteOfDevice.set(d.device_id, site);
    const known = sites.get(site) ?? { devices: 0, online: 0, alarms: 0 };
    sites.set(site, { ...known, devices: known.devices + 1, online: known.online + (linkOf(d) === 'online' ? 1 : 0) });
  }
  for (const a of standing) {
    const known = sites.get(siteOfDevice.get(a.device_id) ?? '');
    if (known) known.alarms++;
  }
  const rows = [...sites].map(([site, counts]) => ({ site, ...counts })).sort((a, b) => (a.site < b.site ? -1 : 1));
  return (
    <Table
      label="Sites"
      rows={rows}
      keyOf={(r) => r.site}
      columns={[
        {
          name: 'Site',
          cell: (r) =>
            r.site.startsWith('(') ? r.site : <Link to={pathOf(['devices'], { path: r.site })}>{r.site}</Link>,
        },
        { name: 'Devices', numeric: true, cell: (r) => countText(r.devices) },
        { name: 'Online', numeric: true, cell: (r) => countText(r.online) },
        { name: 'Alarms', numeric: true, cell: (r) => (r.alarms > 0 ? <Badge tone="bad">{r.alarms}</Badge> : '0') },
      ]}
    />
  );
}

export function Events({ live, device }: { live: Live; device?: string }) {
  const notes = live.notes.filter((n) => device === undefined || n.device === device).slice(0, EVENTS_SHOWN);
  if (notes.length === 0) return <Empty>Nothing since this page was opened. It is told here as it happens.</Empty>;
  return (
    <ol class="events">
      {notes.map((n) => (
        <li key={n.key}>
          <span class="soft number">{new Date(n.at).toLocaleTimeString()}</span>
          <Link to={pathOf(['devices', n.device])}>{n.device}</Link>
          <Badge tone={n.tone}>{n.text}</Badge>
        </li>
      ))}
    </ol>
  );
}
