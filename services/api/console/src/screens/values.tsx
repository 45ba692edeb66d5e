/** Live values with unit, quality and age, and the chart of one of them. */
import { useRef } from 'preact/hooks';
import { devicePath } from '../api';
import { Chart, type ChartData } from '../chart';
import { sqlText, unitText, valueText } from '../format';
import { go, useLive, useLoad, useNow, useRoute } from '../hooks';
import { type LiveValue } from '../live';
import { pathOf } from '../route';
import { type Items, type ValueRow } from '../types';
import { Age, Badge, Card, Cli, Field, Loading, Shown, Sql, Table, Trouble } from '../ui';

interface Range {
  readonly id: string;
  readonly name: string;
  readonly ms: number;
  /** Undefined: the readings themselves. */
  readonly window?: '1m' | '1h';
}

const MIN = 60_000;
const RANGES: readonly Range[] = [
  { id: '15m', name: '15 minutes', ms: 15 * MIN },
  { id: '1h', name: '1 hour', ms: 60 * MIN },
  { id: '6h', name: '6 hours', ms: 360 * MIN, window: '1m' },
  { id: '1d', name: '1 day', ms: 1_440 * MIN, window: '1m' },
  { id: '30d', name: '30 days', ms: 43_200 * MIN, window: '1h' },
];
const MAX_ROWS = 10_000;

const exact = (r: ValueRow): LiveValue['value'] => r.value_text ?? r.value_int ?? r.value;

/** The stream's, or the table's where that is newer. */
function newest(row: ValueRow, heard: LiveValue | undefined): LiveValue {
  const at = Date.parse(row.ts);
  return heard && heard.at >= at ? heard : { at, value: exact(row), quality: row.quality };
}

export function Values({ id }: { id: string }) {
  const live = useLive();
  const now = useNow(1_000);
  const { query } = useRoute();
  const loaded = useLoad<Items<ValueRow>>(`${devicePath(id)}/values`, 0, 30_000);
  const heard = live.values.get(id);
  const rows = loaded.value?.items ?? [];
  const metric = query['metric'] ?? firstNumber(rows, heard);
  const choose = (m: string): void => go(pathOf(['devices', id, 'values'], { ...query, metric: m }), true);
  return (
    <>
      <Card title="Values">
        <Shown
          of={loaded}
          what="Asking for values"
          empty="It has said nothing yet. Is it active, and its agent at work?"
        >
          {(items) => (
            <Table
              label="Values"
              rows={items}
              keyOf={(r) => r.metric}
              columns={[
                {
                  name: 'Metric',
                  cell: (r) => (
                    <>
                      <button
                        type="button"
                        class="plain"
                        aria-pressed={r.metric === metric}
                        onClick={() => choose(r.metric)}
                      >
                        {r.metric}
                      </button>
                      {r.description && <div class="soft small">{r.description}</div>}
                    </>
                  ),
                },
                {
                  name: 'Value',
                  numeric: true,
                  cell: (r) => <strong class="value">{valueText(newest(r, heard?.get(r.metric)).value)}</strong>,
                },
                { name: 'Unit', cell: (r) => <abbr title={r.unit}>{unitText(r.unit, r.source_unit)}</abbr> },
                { name: 'Quality', cell: (r) => <Quality of={newest(r, heard?.get(r.metric)).quality} /> },
                { name: 'Age', numeric: true, cell: (r) => <Age at={newest(r, heard?.get(r.metric)).at} now={now} /> },
                { name: 'Range', wide: true, cell: (r) => (r.low === null ? '' : `${r.low} … ${r.high ?? ''}`) },
                { name: '', wide: true, cell: (r) => (r.writable ? <Badge tone="info">writable</Badge> : '') },
              ]}
            />
          )}
        </Shown>
        <Sql
          text={`SELECT metric, value, value_text, unit, quality, ts FROM latest_values WHERE device_id = ${sqlText(id)} ORDER BY metric`}
        />
      </Card>
      {metric !== undefined && rows.length > 0 && (
        <History id={id} metric={metric} unit={unitOf(rows, metric)} heard={heard?.get(metric)} />
      )}
    </>
  );
}

const Quality = ({ of }: { of: string }) => (
  <Badge tone={of === 'good' ? 'good' : of === 'uncertain' ? 'warn' : 'bad'}>{of}</Badge>
);

const firstNumber = (
  rows: readonly ValueRow[],
  heard: ReadonlyMap<string, LiveValue> | undefined,
): string | undefined =>
  (rows.find((r) => typeof newest(r, heard?.get(r.metric)).value === 'number') ?? rows[0])?.metric;

function unitOf(rows: readonly ValueRow[], metric: string): string {
  const row = rows.find((r) => r.metric === metric);
  return row ? unitText(row.unit, row.source_unit) : '';
}

interface ReadingRow {
  readonly ts?: string;
  readonly window_start?: string;
  readonly value?: number | null;
  readonly mean?: number | null;
  readonly min?: number | null;
  readonly max?: number | null;
}

const seconds = (text: string | undefined): number => Date.parse(text ?? '') / 1_000;

function dataOf(rows: readonly ReadingRow[], windows: boolean): ChartData {
  const ascending = [...rows].reverse();
  const column = (name: 'mean' | 'min' | 'max' | 'value') => ascending.map((r) => r[name] ?? null);
  if (!windows) return { x: ascending.map((r) => seconds(r.ts)), y: column('value') };
  return {
    x: ascending.map((r) => seconds(r.window_start)),
    y: column('mean'),
    low: column('min'),
    high: column('max'),
  };
}

/** What the stream told since the history was asked for goes on where it ends. */
function extended(data: ChartData, heard: LiveValue | undefined, windows: boolean): ChartData {
  if (windows || !heard || typeof heard.value !== 'number') return data;
  const at = heard.at / 1_000;
  return at > (data.x.at(-1) ?? 0) ? { ...data, x: [...data.x, at], y: [...data.y, heard.value] } : data;
}

function sqlOf(id: string, metric: string, range: Range): string {
  const where = `device_id = ${sqlText(id)} AND metric = ${sqlText(metric)}`;
  const since = `now() - INTERVAL ${range.ms / MIN} MINUTE`;
  return range.window === undefined
    ? `SELECT ts, value, quality FROM readings WHERE ${where} AND ts >= ${since} ORDER BY ts`
    : `SELECT window_start, mean, min, max, median, count FROM readings_${range.window} WHERE ${where} AND window_start >= ${since} ORDER BY window_start`;
}

function History({
  id,
  metric,
  unit,
  heard,
}: {
  id: string;
  metric: string;
  unit: string;
  heard: LiveValue | undefined;
}) {
  const { query } = useRoute();
  const range = RANGES.find((r) => r.id === query['range']) ?? (RANGES[0] as Range);
  const now = useNow(10_000);
  const from = Math.floor((now - range.ms) / 10_000) * 10_000;
  const parameters = new URLSearchParams({
    ...{ metric, limit: String(MAX_ROWS) },
    ...(range.window !== undefined && { window: range.window }),
    from: new Date(from).toISOString(),
    to: new Date(now + MIN).toISOString(),
  });
  // The range moves with time: the address stays the same for ten seconds, and old values stay until new ones come.
  const loaded = useKept<Items<ReadingRow>>(`${devicePath(id)}/readings?${parameters}`, `${id} ${metric} ${range.id}`);
  const data =
    loaded.value && extended(dataOf(loaded.value.items, range.window !== undefined), heard, range.window !== undefined);
  return (
    <Card
      title={`${metric}${unit ? `, ${unit}` : ''}`}
      actions={
        <Field label="Time">
          <select
            value={range.id}
            onChange={(e) =>
              go(pathOf(['devices', id, 'values'], { ...query, metric, range: e.currentTarget.value }), true)
            }
          >
            {RANGES.map((r) => (
              <option key={r.id} value={r.id}>
                {r.name}
              </option>
            ))}
          </select>
        </Field>
      }
    >
      {loaded.error && <Trouble error={loaded.error} again={loaded.again} />}
      {data ? (
        data.y.some((v) => v !== null) ? (
          <Chart
            key={`${metric}${range.id}`}
            label={metric}
            unit={unit}
            data={data}
            from={from / 1_000}
            to={now / 1_000}
          />
        ) : (
          <p class="state">No numbers in this time.</p>
        )
      ) : (
        !loaded.error && <Loading what="Asking for readings" />
      )}
      <Sql text={sqlOf(id, metric, range)} />
      <Cli text={`./millrace query "${sqlOf(id, metric, range)}"`} />
    </Card>
  );
}

/** As useLoad, but the last answer for the same `subject` stays while the next is on its way. */
function useKept<T>(path: string, subject: string) {
  const loaded = useLoad<T>(path);
  const kept = useRef<{ subject: string; value: T } | undefined>(undefined);
  if (loaded.value !== undefined) kept.current = { subject, value: loaded.value };
  return { ...loaded, value: loaded.value ?? (kept.current?.subject === subject ? kept.current.value : undefined) };
}
