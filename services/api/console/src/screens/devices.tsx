/** Every device: filtered by what the address says, and only what is in view is drawn. */
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import { cli, countText } from '../format';
import { go, useLive, useNow, useRoute } from '../hooks';
import { type Live } from '../live';
import { pathOf } from '../route';
import { type Device } from '../types';
import { Age, Cli, Empty, Field, Link, Loading, Screen, State, Trouble } from '../ui';
import { NoDevices } from './overview';

const ROW_PX = 40;
const OVERSCAN = 12;
const STATES = ['registered', 'provisioned', 'active', 'suspended', 'quarantined', 'decommissioning', 'decommissioned'];
const LINKS = ['online', 'stale', 'offline', 'unknown'];
type Filter = 'q' | 'state' | 'link' | 'model' | 'agent' | 'path';
type Filters = Partial<Record<Filter, string>>;

export function fits(d: Device, f: Filters): boolean {
  if (f.state && d.state !== f.state) return false;
  if (f.link && (d.presence?.status ?? 'unknown') !== f.link) return false;
  if (f.model && d.model !== f.model) return false;
  if (f.agent && d.agent_id !== f.agent) return false;
  if (f.path && d.path !== f.path && !d.path.startsWith(`${f.path.replace(/\/$/, '')}/`)) return false;
  const q = f.q?.toLowerCase();
  return !q || d.device_id.toLowerCase().includes(q) || d.name.toLowerCase().includes(q);
}

/** The command that lists the same; the link is not among what the API filters by. */
function cliOf({ link: _, ...filters }: Filters): string {
  const words = Object.entries(filters).flatMap(([name, value]) => (value ? [`--${name}`, value] : []));
  return cli('device', 'list', ...words);
}

const distinct = (values: readonly (string | null)[]): string[] =>
  [...new Set(values.filter((v): v is string => v !== null && v !== ''))].sort();

export function Devices() {
  const live = useLive();
  const { query } = useRoute();
  const filters = query as Filters;
  const all = live.list();
  const rows = useMemo(() => all.filter((d) => fits(d, filters)), [all, JSON.stringify(filters)]);
  const set = (name: string, value: string): void => go(pathOf(['devices'], { ...filters, [name]: value }), true);
  if (all.length === 0 && live.failure)
    return (
      <Screen title="Devices">
        <Trouble error={live.failure} again={() => void live.load()} />
      </Screen>
    );
  if (all.length === 0 && live.complete)
    return (
      <Screen title="Devices">
        <NoDevices />
      </Screen>
    );
  const sub = live.complete
    ? `${countText(rows.length)} of ${countText(all.length)}`
    : `${countText(all.length)} so far …`;
  return (
    <Screen title="Devices" sub={sub}>
      <form class="filters" role="search" onSubmit={(e) => e.preventDefault()}>
        <Field label="Id or name">
          <input
            id="search"
            type="search"
            value={filters.q ?? ''}
            placeholder="press / to search"
            onInput={(e) => set('q', e.currentTarget.value)}
            onKeyDown={intoRows}
          />
        </Field>
        <Choice name="state" label="State" values={STATES} filters={filters} set={set} />
        <Choice name="link" label="Link" values={LINKS} filters={filters} set={set} />
        <Choice name="model" label="Model" values={distinct(all.map((d) => d.model))} filters={filters} set={set} />
        <Choice name="agent" label="Agent" values={distinct(all.map((d) => d.agent_id))} filters={filters} set={set} />
        <Field label="Below path">
          <input
            value={filters.path ?? ''}
            placeholder="acme/springfield"
            onInput={(e) => set('path', e.currentTarget.value)}
          />
        </Field>
      </form>
      {all.length === 0 ? (
        <Loading what="Asking for the devices" />
      ) : rows.length === 0 ? (
        <Empty>
          <strong>No device fits</strong>
          <button type="button" onClick={() => go('/devices', true)}>
            Show all
          </button>
        </Empty>
      ) : (
        <Rows rows={rows} live={live} />
      )}
      <Cli text={cliOf(filters)} />
    </Screen>
  );
}

/** From what was searched for to what was found. */
function intoRows(event: KeyboardEvent): void {
  if (event.key !== 'ArrowDown') return;
  event.preventDefault();
  document.querySelector<HTMLElement>('[data-row="0"] a')?.focus();
}

function Choice({
  name,
  label,
  values,
  filters,
  set,
}: {
  name: Filter;
  label: string;
  values: readonly string[];
  filters: Filters;
  set: (name: string, value: string) => void;
}) {
  return (
    <Field label={label}>
      <select value={filters[name] ?? ''} onChange={(e) => set(name, e.currentTarget.value)}>
        <option value="">any</option>
        {values.map((v) => (
          <option key={v}>{v}</option>
        ))}
      </select>
    </Field>
  );
}

function useVirtual(count: number) {
  const parent = useRef<HTMLDivElement>(null);
  const [, paint] = useReducer((n: number) => n + 1, 0);
  const options = {
    count,
    getScrollElement: () => parent.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
    ...{ observeElementRect, observeElementOffset, scrollToFn: elementScroll },
    onChange: () => paint(undefined),
  };
  const [virtual] = useState(() => new Virtualizer<HTMLDivElement, HTMLDivElement>(options));
  virtual.setOptions(options);
  useLayoutEffect(() => virtual._didMount(), [virtual]);
  useLayoutEffect(() => virtual._willUpdate());
  return { parent, virtual };
}

const newestOf = (live: Live, id: string): number => {
  let newest = 0;
  for (const v of live.values.get(id)?.values() ?? []) newest = Math.max(newest, v.at);
  return newest || Date.parse(live.devices.get(id)?.presence?.last_seen ?? '') || 0;
};

const COLUMNS = ['Device', 'State', 'Link', 'Data', 'Model', 'Agent', 'Path'];

function Rows({ rows, live }: { rows: readonly Device[]; live: Live }) {
  const { parent, virtual } = useVirtual(rows.length);
  const now = useNow(1_000);
  const move = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const at = Number((event.target as HTMLElement).closest<HTMLElement>('[data-row]')?.dataset['row']);
    if (step === 0 || Number.isNaN(at)) return;
    event.preventDefault();
    const next = Math.min(rows.length - 1, Math.max(0, at + step));
    virtual.scrollToIndex(next);
    requestAnimationFrame(() => parent.current?.querySelector<HTMLElement>(`[data-row="${next}"] a`)?.focus());
  };
  useEffect(() => virtual.scrollToOffset(0), [rows.length === 0]);
  return (
    <div class="grid" role="table" aria-label="Devices" aria-rowcount={rows.length + 1}>
      <div role="rowgroup">
        <div class="row head" role="row" aria-rowindex={1}>
          {COLUMNS.map((c) => (
            <span key={c} role="columnheader" class={c === 'Data' ? 'number' : ''}>
              {c}
            </span>
          ))}
        </div>
      </div>
      <div class="body" ref={parent} role="rowgroup" tabIndex={0} onKeyDown={move}>
        <div role="presentation" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const d = rows[index];
            if (!d) return null;
            return (
              <div
                key={d.device_id}
                class="row"
                role="row"
                data-row={index}
                aria-rowindex={index + 2}
                style={{ transform: `translateY(${start}px)` }}
              >
                <span role="cell">
                  <Link to={pathOf(['devices', d.device_id])}>{d.device_id}</Link>
                  {d.name !== '' && <span class="soft"> {d.name}</span>}
                </span>
                <span role="cell">
                  <State of={d.state} />
                </span>
                <span role="cell">
                  <State of={d.presence?.status ?? 'unknown'} />
                </span>
                <span role="cell" class="number">
                  <Age at={newestOf(live, d.device_id)} now={now} />
                </span>
                <span role="cell">{d.model || '—'}</span>
                <span role="cell">{d.agent_id ?? '—'}</span>
                <span role="cell" title={d.path}>
                  {d.path || '—'}
                </span>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
