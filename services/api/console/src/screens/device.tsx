/** One device: what it says, what is asked of it, and its life. */
import { useState } from 'preact/hooks';
import { call, devicePath, type Problem } from '../api';
import { cli, commandText, sqlText } from '../format';
import { SQL_LATE_MS, useAttempt, useLive, useLoad } from '../hooks';
import { pathOf } from '../route';
import { type AlarmRow, type CommandView, type Device, type Items, type LifecycleEvent } from '../types';
import { Confirm } from '../dialog';
import { Act, Badge, Card, Cli, Link, Loading, Screen, Shown, Sql, State, Table, Tabs, Time, Trouble } from '../ui';
import { AlarmTable } from './alarms';
import { CommandForm } from './command-form';
import { PlaceOf } from './place';
import { Twin } from './twin';
import { Events } from './overview';
import { Values } from './values';

const TABS = [
  ['values', 'Values'],
  ['commands', 'Commands'],
  ['alarms', 'Alarms'],
  ['life', 'Life'],
  ['place', 'Place'],
  ['twin', 'Twin'],
] as const;

export function DeviceScreen({ id, tab = 'values' }: { id: string; tab?: string }) {
  const live = useLive();
  const loaded = useLoad<Device>(devicePath(id), live.lifecycles);
  const device = loaded.value;
  if (!device) {
    const body = loaded.error ? (
      <Trouble error={loaded.error} again={loaded.again} />
    ) : (
      <Loading what="Asking for the device" />
    );
    return <Screen title={id}>{body}</Screen>;
  }
  const presence = live.devices.get(id)?.presence ?? device.presence;
  return (
    <Screen
      title={id}
      sub={
        <>
          <State of={device.state} /> <State of={presence?.status ?? 'unknown'} /> {device.name}{' '}
          {device.path && <code>{device.path}</code>}
        </>
      }
    >
      <Moves device={device} again={loaded.again} />
      <Tabs
        label="Parts of the device"
        current={tab}
        tabs={TABS.map(([key, name]) => ({ id: key, name, to: pathOf(['devices', id, key]) }))}
      />
      {tab === 'commands' ? (
        <Commands device={device} />
      ) : tab === 'alarms' ? (
        <Alarms id={id} />
      ) : tab === 'life' ? (
        <Life id={id} />
      ) : tab === 'place' ? (
        <PlaceOf device={device} />
      ) : tab === 'twin' ? (
        <Twin device={device} />
      ) : (
        <Values id={id} />
      )}
    </Screen>
  );
}

const MOVES = [
  ['provision', 'engineer'],
  ['activate', 'engineer'],
  ['suspend', 'operator'],
  ['resume', 'operator'],
  ['quarantine', 'operator'],
  ['release', 'engineer'],
  ['decommission', 'engineer'],
] as const;
type Move = (typeof MOVES)[number][0];

const SAYS: Readonly<Record<Move, string>> = {
  provision: 'It is given its credentials.',
  activate: 'Its agent begins to read it, and it takes commands.',
  suspend: 'Its agent stops reading it, and commands are refused until it is resumed.',
  resume: 'Its agent reads it again.',
  quarantine: 'It is shut away: neither read nor written until somebody releases it.',
  release: 'It is suspended then, so that somebody looks at it before it is resumed.',
  decommission: 'Its life ends. This cannot be undone.',
};

function Moves({ device, again }: { device: Device; again: () => void }) {
  const [asked, ask] = useState<Move | undefined>();
  const { busy, error, run } = useAttempt();
  const id = device.device_id;
  // Commands are in flight: the same button, once more, ends its life all the same.
  const inTheWay = asked === 'decommission' && (error as Problem | undefined)?.code === 'commands-in-flight';
  const move = async (step: Move, reason: string): Promise<void> => {
    const body = { ...(reason !== '' && { reason }), ...(inTheWay && { force: true }) };
    if (await run(() => call('POST', `${devicePath(id)}/${step}`, body))) ask(undefined);
    again();
  };
  return (
    <div class="actions">
      {MOVES.filter(([m]) => device.allowed?.includes(m)).map(([m, role]) => (
        <Act
          key={m}
          role={role}
          path={device.path}
          danger={m === 'decommission' || m === 'quarantine'}
          onClick={() => ask(m)}
        >
          {m}
        </Act>
      ))}
      {asked && (
        <Confirm
          title={`${asked} ${id}`}
          text={SAYS[asked]}
          {...(asked === 'decommission' || asked === 'quarantine' ? { typed: id } : {})}
          reason={asked === 'quarantine' ? 'needed' : 'wanted'}
          cli={cli('device', asked, id, '--reason', '…', ...(inTheWay ? ['--force'] : []))}
          action={inTheWay ? 'cancel them and decommission' : asked}
          {...{ busy, error }}
          onConfirm={(reason) => void move(asked, reason)}
          onClose={() => ask(undefined)}
        />
      )}
    </div>
  );
}

function Commands({ device }: { device: Device }) {
  const live = useLive();
  const id = device.device_id;
  const loaded = useLoad<Items<CommandView>>(`${devicePath(id)}/commands?limit=50`, live.commands, SQL_LATE_MS);
  return (
    <>
      <CommandForm device={device} sent={loaded.again} />
      <Card title="Commands so far">
        <Shown of={loaded} what="Asking for commands" empty="None was ever sent to it.">
          {(items) => (
            <Table
              label="Commands"
              rows={items}
              keyOf={(c) => c.command_id}
              columns={[
                {
                  name: 'Sent',
                  cell: (c) => (
                    <Link to={pathOf(['commands', c.command_id])}>
                      <Time at={c.transitions[0]?.at} />
                    </Link>
                  ),
                },
                {
                  name: 'Command',
                  cell: (c) => <code>{commandText(c.name, c.args)}</code>,
                },
                { name: 'State', cell: (c) => <State of={c.state} /> },
                { name: 'Remark', wide: true, cell: (c) => c.detail },
              ]}
            />
          )}
        </Shown>
        <Cli text={cli('command', 'list', id)} />
        <Sql text={`SELECT * FROM commands WHERE device_id = ${sqlText(id)} ORDER BY issued_at DESC`} />
      </Card>
    </>
  );
}

function Alarms({ id }: { id: string }) {
  const live = useLive();
  const loaded = useLoad<Items<AlarmRow>>(
    `/alarms?standing=false&device=${encodeURIComponent(id)}`,
    live.alarms,
    SQL_LATE_MS,
  );
  return (
    <Card title="Alarms of this device">
      <Shown of={loaded} what="Asking for alarms" empty="It never raised one.">
        {(items) => <AlarmTable alarms={items} again={loaded.again} />}
      </Shown>
      <Sql text={`SELECT * FROM alarms WHERE device_id = ${sqlText(id)} ORDER BY raised_at DESC`} />
    </Card>
  );
}

function Life({ id }: { id: string }) {
  const live = useLive();
  const loaded = useLoad<Items<LifecycleEvent>>(`${devicePath(id)}/history`, live.lifecycles, SQL_LATE_MS);
  return (
    <>
      <Card title="Life">
        <Shown of={loaded} what="Asking for its life" empty="Nothing is on record.">
          {(items) => (
            <ol class="timeline">
              {[...items].reverse().map((e) => (
                <li key={e.version}>
                  <Badge tone="info">{e.type}</Badge> <State of={e.state_to} />
                  <div class="soft">
                    <Time at={e.at} /> by {e.actor}
                    {e.reason ? `: ${e.reason}` : ''} (version {e.version})
                  </div>
                </li>
              ))}
            </ol>
          )}
        </Shown>
        <Cli text={cli('device', 'history', id)} />
        <Sql text={`SELECT * FROM device_lifecycle WHERE device_id = ${sqlText(id)} ORDER BY version`} />
      </Card>
      <Card title="Since this page was opened">
        <Events live={live} device={id} />
      </Card>
    </>
  );
}
