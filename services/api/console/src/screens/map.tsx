/** Where devices are: on a map, and as a list of what is in view. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { countText } from '../format';
import { useLive, useLoad } from '../hooks';
import { live } from '../live';
import { Drawn, useFences } from '../map/drawn';
import {
  type Bounds,
  type Fence,
  isWithin,
  type Place,
  placesOf,
  positionOf,
  positionText,
  type Told,
} from '../places';
import { pathOf } from '../route';
import { type Items } from '../types';
import { Card, Cli, Empty, Link, Loading, Screen, Sql, State, Table, Trouble } from '../ui';

const MAX_LISTED = 100;
const MAX_NAMED = 12;
/** Places are looked at anew so often at most: what moves, moves on within it. */
const EVERY_MS = 2_000;

interface PositionRow {
  readonly device_id: string;
  readonly latitude: number;
  readonly longitude: number;
}

/** The places now, made anew every so often while the list of devices or what they say has changed. */
function usePlaces(told: ReadonlyMap<string, Told>): readonly Place[] {
  const [turn, setTurn] = useState(live.version);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setTurn(live.version), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return useMemo(() => placesOf(live.list(), live.values, told), [turn, told, live.complete]);
}

export function MapScreen() {
  const { complete, failure, devices } = useLive();
  const asked = useLoad<Items<PositionRow>>('/positions');
  const told = useMemo(() => new Map((asked.value?.items ?? []).flatMap((r) => toldOf(r))), [asked.value]);
  const places = usePlaces(told);
  const [view, look] = useState<Bounds | undefined>();
  const [chosen, choose] = useState<readonly string[]>([]);
  const agents = useMemo(() => places.flatMap((p) => devices.get(p.device_id)?.agent_id ?? []), [places]);
  const fences = useFences(agents);
  const waiting = !(complete || failure) || !(asked.value || asked.error);
  if (places.length === 0)
    return (
      <Screen title="Map">
        {failure && <Trouble error={failure} again={() => void live.load()} />}
        {asked.error && <Trouble error={asked.error} again={asked.again} />}
        {waiting ? <Loading what="Asking where devices are" /> : <Nowhere devices={devices.size} />}
      </Screen>
    );
  const inView = view === undefined ? places : places.filter((p) => isWithin(p, view));
  const here = places.filter((p) => chosen.includes(p.device_id));
  return (
    <Screen title="Map" sub={`${countText(places.length)} of ${countText(devices.size)} devices say where they are`}>
      {asked.error && <Trouble error={asked.error} again={asked.again} />}
      <Drawn places={places} fences={fences} moved={look} chose={choose} />
      {fences.length > 0 && <Fences of={fences} />}
      {here.length > 0 && (
        <Card title="Pointed at">
          <Places of={here} label="Devices pointed at" />
        </Card>
      )}
      <Card title={`In view: ${countText(inView.length)}`}>
        {inView.length === 0 ? <Empty>No device is in view.</Empty> : <Places of={inView} label="Devices in view" />}
        {inView.length > MAX_LISTED && (
          <p class="soft">The first {MAX_LISTED} are listed. Zoom in, or search the devices.</p>
        )}
        <Sql text="SELECT device_id, metric, value, ts FROM latest_values WHERE metric IN ('latitude', 'longitude')" />
      </Card>
    </Screen>
  );
}

/** The same in words. */
export const Fences = ({ of }: { of: readonly Fence[] }) => (
  <p class="soft">
    Geofences, drawn dashed:{' '}
    {of
      .slice(0, MAX_NAMED)
      .map((f) => f.properties.name)
      .join(', ')}
    {of.length > MAX_NAMED && ` and ${countText(of.length - MAX_NAMED)} more`}
  </p>
);

function toldOf({ device_id, latitude, longitude }: PositionRow): [string, Told][] {
  const position = positionOf(latitude, longitude);
  return position ? [[device_id, position]] : [];
}

/** No canvas is drawn for nothing: what would put a device on the map is more use. */
const Nowhere = ({ devices }: { devices: number }) => (
  <Empty>
    <strong>{devices === 0 ? 'No device yet' : `None of ${countText(devices)} devices says where it is`}</strong>
    <p>
      A device that moves is placed by its metrics <code>latitude</code> and <code>longitude</code>, in degrees. One
      that stands still is placed by labels of these names:
    </p>
    <Cli text="./millrace device update boiler-1 --label latitude=51.5072 --label longitude=-0.1276" />
    <p>The labels that are given replace those it has.</p>
  </Empty>
);

const BY = { reading: 'its readings', label: 'its labels' } as const;

const Places = ({ of, label }: { of: readonly Place[]; label: string }) => (
  <Table
    label={label}
    rows={of.slice(0, MAX_LISTED)}
    keyOf={(p) => p.device_id}
    columns={[
      { name: 'Device', cell: (p) => <Link to={pathOf(['devices', p.device_id])}>{p.device_id}</Link> },
      { name: 'Link', cell: (p) => <State of={p.link} /> },
      { name: 'Position', cell: (p) => positionText(p) },
      { name: 'Known from', wide: true, cell: (p) => BY[p.by] },
    ]}
  />
);
