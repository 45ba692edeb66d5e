/** Where one device is, and in which geofences it says it is. */
import { useMemo } from 'preact/hooks';
import { devicePath } from '../api';
import { sqlText } from '../format';
import { useLive, useLoad } from '../hooks';
import { Drawn, useFences } from '../map/drawn';
import { placesOf, positionOf, positionText } from '../places';
import { type Device, type Items, type ValueRow } from '../types';
import { Badge, Card, Empty, Loading, Sql, Table, Time, Trouble } from '../ui';
import { Fences } from './map';

const PREFIX = 'geofence.';
const nothing = (): void => undefined;

export function PlaceOf({ device }: { device: Device }) {
  const live = useLive();
  const id = device.device_id;
  const { value, error, again } = useLoad<Items<ValueRow>>(`${devicePath(id)}/values`, 0, 10_000);
  const rows = value?.items ?? [];
  const numberOf = (metric: string) => rows.find((r) => r.metric === metric && r.quality === 'good')?.value;
  const told = positionOf(numberOf('latitude'), numberOf('longitude'));
  const [place] = placesOf([device], live.values, new Map(told ? [[id, told]] : []));
  const text = place ? positionText(place) : '';
  // Painted anew when it has moved, not with every word of the plant.
  const places = useMemo(() => (place ? [place] : []), [text, place?.link]);
  const fences = useFences(device.agent_id ? [device.agent_id] : []);
  const crossed = rows.filter((r) => r.metric.startsWith(PREFIX) && !r.metric.endsWith('.dwell'));
  if (error && !value) return <Trouble error={error} again={again} />;
  if (!value) return <Loading what="Asking where it is" />;
  return (
    <Card title="Where it is">
      {place ? (
        <>
          <p>
            {text}, by {place.by === 'reading' ? 'its readings' : 'its labels'}
          </p>
          <Drawn places={places} fences={fences} around moved={nothing} chose={nothing} />
        </>
      ) : (
        <Empty>It says nowhere where it is: readings or labels named latitude and longitude would.</Empty>
      )}
      {fences.length > 0 && <Fences of={fences} />}
      {crossed.length > 0 && (
        <Table
          label="Geofences of the device"
          rows={crossed}
          keyOf={(r) => r.metric}
          columns={[
            { name: 'Geofence', cell: (r) => r.metric.slice(PREFIX.length) },
            {
              name: 'It is',
              cell: (r) => (
                <Badge tone={r.value === 1 ? 'good' : 'plain'}>{r.value === 1 ? 'inside' : 'outside'}</Badge>
              ),
            },
            { name: 'Since or as of', cell: (r) => <Time at={r.ts} /> },
          ]}
        />
      )}
      <Sql
        text={`SELECT ts, metric, value FROM readings WHERE device_id = ${sqlText(id)} AND startsWith(metric, 'geofence.') ORDER BY ts DESC LIMIT 100`}
      />
    </Card>
  );
}
