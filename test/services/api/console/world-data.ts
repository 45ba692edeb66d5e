/** What the plant in memory has on every screen. */
import { type DeviceState } from '../../../../schemas/generated';
import { Encoder, frame } from '../../../../schemas/codec';
import { type CampaignState } from '../../../../services/domain/campaign';
import { type BatchReport } from '../../../../services/domain/batch';
import { type BatchSummary } from '../../../../workflows/batch/messages';
import { type ScheduleView } from '../../../../services/api/schedules';
import { type Directory } from '../../../../services/api/directory';
import { iso } from '../../../../services/api/views';
import { type ApiDependencies } from '../../../../services/api/dependencies';
import { deviceState, NO_HISTORY } from '../harness';

const MIN = 60_000;
const SITES = ['acme/springfield/utilities', 'acme/shelbyville/line-2'];

const TOWNS: readonly (readonly [number, number])[] = [
  [51.5, -0.13],
  [48.86, 2.35],
  [52.52, 13.4],
  [40.42, -3.7],
  [59.33, 18.07],
];

export const METRICS = [
  { metric: 'temperature', unit: 'Cel', source_unit: '°C', description: 'Water temperature at the outlet', base: 71 },
  { metric: 'pressure', unit: 'bar', source_unit: 'bar', description: 'Water pressure', base: 2.4 },
  { metric: 'setpoint', unit: 'Cel', source_unit: '°C', description: 'Wanted water temperature', base: 70 },
] as const;

export const wave = (i: number, at: number): number => Math.sin(at / 40_000 + i) * 1.5;

/** Devices of two sites, most of them online. */
export function fillDirectory(directory: Directory, count: number, now: number): void {
  for (let i = 0; i < count; i++) {
    const id = i === 0 ? 'boiler-1' : `device-${String(i).padStart(5, '0')}`;
    const change: Partial<DeviceState> = {
      ...{
        name: i === 0 ? 'North boiler' : '',
        model: i % 3 === 0 ? 'boiler' : 'pump',
        agent_id: `edge-${1 + (i % 4)}`,
      },
      ...{ path: `${SITES[i % SITES.length]}/${id}`, state: i % 17 === 5 ? 'suspended' : 'active' },
      ...{ registered_at: now - 90 * MIN, changed_at: now - 30 * MIN },
      labels: { hall: String(i % 5), ...(i % 4 !== 3 && placed(i)) },
    };
    directory.apply(deviceState(id, change));
    const status = i % 11 === 7 ? 'offline' : i % 13 === 6 ? 'stale' : 'online';
    directory.applyPresence({
      ...{ tenant: 'default', device_id: id, agent_id: `edge-${1 + (i % 4)}`, status, since: now - 20 * MIN },
      ...{ last_seen: now - 2_000, interval_ms: 1_000, reason: '' },
    });
  }
}

/** Around a few towns, near each other within one. */
function placed(i: number): Record<string, string> {
  const [latitude, longitude] = TOWNS[i % TOWNS.length] as readonly [number, number];
  const around = (step: number): number => ((i * step) % 1_000) / 2_000;
  return { latitude: (latitude + around(37)).toFixed(5), longitude: (longitude + around(91)).toFixed(5) };
}

export const CAMPAIGN: CampaignState = {
  phase: 'halted',
  detail: 'stage 2: 3 of 10 devices failed, 5 % may',
  devices: 100,
  stages: [
    { stage: 1, state: 'ended', devices: 1, succeeded: 1, failed: 0 },
    { stage: 2, state: 'halted', devices: 10, succeeded: 7, failed: 3 },
  ],
  failures: [{ device_id: 'device-00003', state: 'failed', detail: 'the check after the change failed' }],
};

export const BATCH: BatchReport = {
  ...{ targets: 100, skipped: 4, waiting: 40, under_way: 10, ended: { verified: 47, failed: 3 }, failed: 3 },
  failures: [{ device_id: 'device-00003', state: 'failed', detail: 'the device read back 70, not 72' }],
  ...{ stopped: '', over: false },
};

export const batchesAt = (now: number): BatchSummary[] =>
  (['running', 'ended'] as const).map((state, i) => ({
    ...{ batch_id: `b${i + 1}`, state, name: 'set-setpoint', args: '{"value":72}', actor: 'user:alice' },
    ...{ begun_at: now - (i + 1) * 10 * MIN, ...(state === 'ended' && { ended_at: now - 15 * MIN }) },
  }));

export const schedulesAt = (now: number): ScheduleView[] =>
  [false, true].map((paused, i) => ({
    ...{
      schedule_id: `nightly-${i}`,
      cron: '0 22 * * 1-5',
      time_zone: 'Europe/Vienna',
      paused,
      note: 'lower at night',
    },
    ...{ next: [now + 60 * MIN], recent: i === 0 ? [{ batch_id: 'b2', at: now - 20 * MIN }] : [] },
  }));

export function overviewOf(now: () => number): ApiDependencies['overview'] {
  const alarm = (device_id: string, name: string, priority: number, ago_min: number, active: boolean) => ({
    ...{
      device_id,
      alarm: name,
      occurrence: `${name}-${ago_min}`,
      priority,
      active,
      acknowledged: !active && ago_min > 20,
    },
    ...{
      shelved_until: null,
      shelf_comment: '',
      suppressed: false,
      out_of_service: false,
      value: 93.2,
      actor: 'agent:edge-1',
      agent_id: 'edge-1',
    },
    ...{
      raised_at: iso(now() - ago_min * MIN),
      changed_at: iso(now() - ago_min * MIN),
      message: `${name} on ${device_id}`,
    },
  });
  const flood = Array.from({ length: 12 }, (_, i) =>
    alarm(`device-0000${i % 10}`, `pressure-low-${i}`, 1 + (i % 4), 1 + i / 2, true),
  );
  const shelf = { shelved_until: iso(now() + 30 * MIN), shelf_comment: 'waits for a new filter' };
  const shelved = { ...alarm('boiler-1', 'filter-full', 4, 90, true), ...shelf };
  const over = alarm('boiler-1', 'door-open', 4, 45, false);
  const alarms = [alarm('boiler-1', 'overheated', 1, 3, true), ...flood, shelved, over];
  const command = (command_id: string, state: string, ago_min: number) => ({
    ...{
      command_id,
      device_id: 'boiler-1',
      agent_id: 'edge-1',
      name: 'set-setpoint',
      args: '{"value":72}',
      result: '{}',
      qos: 1,
    },
    ...{
      state,
      issued_at: iso(now() - ago_min * MIN),
      changed_at: iso(now() - ago_min * MIN),
      actor: 'user:alice',
      detail: '',
    },
  });
  const letter = {
    ...{
      source_topic: 'm2m.telemetry',
      source_partition: 2,
      source_offset: '4711',
      source_timestamp: iso(now() - 5 * MIN),
    },
    ...{
      consumer: 'millrace-projector',
      code: 'out-of-range',
      reason: 'a reading of the year 1970',
      at: iso(now() - 4 * MIN),
    },
  };
  return {
    values: (_tenant, device) =>
      Promise.resolve(
        METRICS.map(({ base, ...m }, i) => ({
          ...m,
          ...{
            ts: iso(now()),
            value: base + wave(i, now()),
            value_int: null,
            value_text: null,
            kind: 'number',
            quality: 'good',
          },
          ...{ writable: m.metric === 'setpoint', low: 20, high: 95, seq: 1, path: device },
        })),
      ),
    alarms: ({ device, standing }) =>
      Promise.resolve(
        alarms.filter(
          (a) => (device === undefined || a.device_id === device) && (!standing || a.active || !a.acknowledged),
        ),
      ),
    alarmJournal: () => Promise.resolve(alarms.map((a) => ({ ...a, at: a.raised_at }))),
    // On the road: it is not where its labels say.
    positions: () =>
      Promise.resolve([{ device_id: 'device-00001', latitude: 64.147, longitude: -21.943, at: iso(now()) }]),
    commands: () =>
      Promise.resolve([
        command('command-1', 'verified', 4),
        command('command-2', 'failed', 9),
        command('command-3', 'outcome-unknown', 30),
      ]),
    campaigns: () =>
      Promise.resolve([
        {
          ...{ campaign_id: 'c1', version: '2.4.0', phase: 'halted', stage: 2, devices: 100, actor: 'user:alice' },
          ...{ begun_at: iso(now() - 60 * MIN), changed_at: iso(now() - 10 * MIN), detail: CAMPAIGN.detail },
        },
      ]),
    deadLetters: () => Promise.resolve([letter]),
    deadLetter: () =>
      Promise.resolve({ ...letter, key_hex: '64', value_hex: badFrame().toString('hex'), headers_hex: {} }),
  };
}

function badFrame(): Buffer {
  const body = new Encoder('presence').encode({
    ...{ tenant: 'default', device_id: 'boiler-1', agent_id: 'edge-1', status: 'online', since: 0, last_seen: 0 },
    ...{ interval_ms: 1_000, reason: '' },
  });
  return frame(7, body);
}

export function historyOf(now: () => number, directory: Directory): ApiDependencies['history'] {
  return {
    ...NO_HISTORY,
    readings: ({ from, to, window, limit }) => {
      const step = window === undefined ? 2_000 : window === '1m' ? MIN : 60 * MIN;
      const rows: Record<string, unknown>[] = [];
      for (let at = Math.min(to, now()); at > from && rows.length < limit; at -= step) {
        const value = 71 + wave(0, at);
        const time = iso(at);
        rows.push(
          window === undefined
            ? { metric: 'temperature', ts: time, value, quality: 'good', seq: Math.floor(at / step) }
            : {
                metric: 'temperature',
                window_start: time,
                mean: value,
                min: value - 1,
                max: value + 1,
                median: value,
                count: 30,
              },
        );
      }
      return Promise.resolve(rows);
    },
    lifecycle: (tenant, device) => {
      const version = directory.get(tenant, device)?.device.version ?? 1;
      const moves = [
        ['registered', null, 'registered'],
        ['provisioned', 'registered', 'provisioned'],
        ['activated', 'provisioned', 'active'],
      ] as const;
      const last = moves.length - 1;
      return Promise.resolve(
        moves.map(([type, state_from, state_to], i) => ({
          ...{
            version: i === last ? Math.max(version, i + 1) : i + 1,
            type,
            state_from,
            state_to,
            actor: 'user:operator',
          },
          ...{ at: iso(now() - (90 - i) * MIN), reason: 'millrace up', data: '{}' },
        })),
      );
    },
    audit: () =>
      Promise.resolve(
        ['allowed', 'refused'].map((outcome, i) => ({
          ...{ event_id: `e${i}`, at: iso(now() - i * MIN), actor: 'user:alice', action: 'device.operate', outcome },
          ...{
            resource: '/api/v1/devices/boiler-1/suspend',
            reason: i ? 'device.operate needs the role operator' : '',
          },
          ...{
            granted_by: i ? '' : 'operator',
            route: 'POST /devices/{id}/{move}',
            request_id: 'r',
            source: '127.0.0.1',
          },
        })),
      ),
  };
}

const TOPIC = { partitions: 6, kept: 90_000 };

export function healthOf(now: () => number): ApiDependencies['health'] {
  const topic = (name: string, per_s: number, lag: number | null) => ({
    topic: name,
    ...TOPIC,
    written: Math.floor((now() / 1_000) * per_s),
    lag,
  });
  return {
    streams: () =>
      Promise.resolve({
        at: now(),
        group: 'millrace-projector',
        topics: [
          topic('m2m.telemetry', 40, 12),
          topic('m2m.lifecycle', 0, 0),
          topic('m2m.alarms', 1, 3),
          topic('m2m.device-requests', 0, null),
        ],
      }),
  };
}
