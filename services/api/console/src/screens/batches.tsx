/** One command to many devices: batches with how far they have come, and schedules that begin them. */
import { useState } from 'preact/hooks';
import { call } from '../api';
import { cli, commandText, countText } from '../format';
import { useAttempt, useLoad } from '../hooks';
import { pathOf } from '../route';
import { type Batch, type BatchRow, type Items, type Schedule } from '../types';
import { Confirm } from '../dialog';
import { Act, Badge, Card, Cli, Link, Loading, Screen, Shown, State, Table, Tabs, Time, Trouble } from '../ui';
import { Progress } from './campaigns';
import { Workflow, workflowId } from './commands';

const TABS = [
  { id: 'commands', name: 'Commands', to: '/commands' },
  { id: 'batches', name: 'To many devices', to: '/batches' },
  { id: 'schedules', name: 'Schedules', to: '/schedules' },
];

export const CommandTabs = ({ current }: { current: string }) => (
  <Tabs label="Commands" tabs={TABS} current={current} />
);

const EVERY_MS = 5_000;
const SEND = './millrace batch send set-setpoint value=72 --model boiler';

export function Batches() {
  const loaded = useLoad<Items<BatchRow>>('/batches', 0, EVERY_MS);
  return (
    <Screen title="Commands" sub="one to every device that fits">
      <CommandTabs current="batches" />
      <Card title="To many devices">
        <Shown
          of={loaded}
          what="Asking for batches"
          empty={
            <>
              <strong>No command was sent to many devices lately</strong>
              <Cli text={SEND} />
            </>
          }
        >
          {(items) => (
            <Table
              label="Batches"
              rows={items}
              keyOf={(b) => b.batch_id}
              columns={[
                {
                  name: 'Begun',
                  cell: (b) => (
                    <Link to={pathOf(['batches', b.batch_id])}>
                      <Time at={b.begun_at} />
                    </Link>
                  ),
                },
                { name: 'Command', cell: (b) => <code>{commandText(b.name, b.args)}</code> },
                { name: 'State', cell: (b) => <State of={b.state} /> },
                { name: 'Ended', wide: true, cell: (b) => <Time at={b.ended_at} /> },
                { name: 'By', wide: true, cell: (b) => b.actor },
              ]}
            />
          )}
        </Shown>
        <Cli text="./millrace batch list" />
      </Card>
    </Screen>
  );
}

export function BatchScreen({ id }: { id: string }) {
  const at = `/batches/${encodeURIComponent(id)}`;
  const { value: b, error, again } = useLoad<Batch>(at, 0, 2_000);
  const [stopping, stop] = useState(false);
  const attempt = useAttempt();
  const send = async (reason: string): Promise<void> => {
    const body = reason === '' ? {} : { reason };
    if (await attempt.run(() => call('POST', `${at}/stop`, body))) stop(false);
    again();
  };
  if (!b)
    return (
      <Screen title="To many devices">
        {error ? <Trouble error={error} again={again} /> : <Loading what="Asking for the batch" />}
      </Screen>
    );
  const done = Object.values(b.ended).reduce((n, count) => n + count, 0) - b.failed;
  return (
    <Screen
      title="To many devices"
      sub={
        <>
          <State of={b.over ? 'ended' : 'running'} /> <code>{id}</code>
        </>
      }
    >
      {error && <Trouble error={error} />}
      {!b.over && (
        <div class="actions">
          <Act role="operator" danger onClick={() => stop(true)}>
            stop
          </Act>
        </div>
      )}
      <Card title="How far">
        {b.stopped !== '' && <p class="banner warn">Stopped: {b.stopped}</p>}
        <Progress of={{ devices: b.targets, succeeded: done, failed: b.failed }} />
        <p>
          {countText(b.waiting)} wait, {countText(b.under_way)} under way
          {b.skipped > 0 && `, ${countText(b.skipped)} left out because they take no commands now`}
        </p>
        <ul class="legend">
          {Object.entries(b.ended).map(([state, count]) => (
            <li key={state}>
              <State of={state} /> {countText(count)}
            </li>
          ))}
        </ul>
        <Workflow id={workflowId('batch', id)} />
        <Cli text={cli('batch', 'show', id)} />
      </Card>
      {b.failures.length > 0 && (
        <Card title="Failures">
          <Table
            label="Failures"
            rows={b.failures}
            keyOf={(f) => f.device_id}
            columns={[
              {
                name: 'Device',
                cell: (f) => <Link to={pathOf(['devices', f.device_id, 'commands'])}>{f.device_id}</Link>,
              },
              { name: 'State', cell: (f) => <State of={f.state} /> },
              { name: 'Why', cell: (f) => f.detail },
            ]}
          />
        </Card>
      )}
      {stopping && (
        <Confirm
          title={`Stop ${id}?`}
          text="It begins nothing more, and asks for what is under way to be cancelled. What was done stays done."
          reason="wanted"
          cli={cli('batch', 'stop', id)}
          action="Stop"
          busy={attempt.busy}
          error={attempt.error}
          onConfirm={(reason) => void send(reason)}
          onClose={() => stop(false)}
        />
      )}
    </Screen>
  );
}

type Order = 'pause' | 'resume' | 'remove';

const ORDERS: Readonly<Record<Order, string>> = {
  pause: 'Nothing is begun until it is resumed; what is under way goes on.',
  resume: 'It begins batches again at its next times.',
  remove: 'It is gone. Batches that it has begun go on.',
};

export function Schedules() {
  const loaded = useLoad<Items<Schedule>>('/schedules', 0, EVERY_MS);
  const [asked, ask] = useState<{ order: Order; id: string } | undefined>();
  const attempt = useAttempt();
  const give = async (order: Order, id: string, reason: string): Promise<void> => {
    const at = `/schedules/${encodeURIComponent(id)}`;
    const action = (): Promise<unknown> =>
      order === 'remove' ? call('DELETE', at) : call('POST', `${at}/${order}`, reason === '' ? {} : { reason });
    if (await attempt.run(action)) ask(undefined);
    loaded.again();
  };
  return (
    <Screen title="Commands" sub="that come back">
      <CommandTabs current="schedules" />
      <Card title="Schedules">
        <Shown
          of={loaded}
          what="Asking for schedules"
          empty={
            <>
              <strong>No schedule yet</strong>
              <Cli text="./millrace schedule add nightly set-setpoint value=55 --model boiler --cron '0 22 * * 1-5' --zone Europe/Vienna" />
            </>
          }
        >
          {(items) => (
            <Table
              label="Schedules"
              rows={items}
              keyOf={(s) => s.schedule_id}
              columns={[
                { name: 'Schedule', cell: (s) => s.schedule_id },
                {
                  name: 'When',
                  cell: (s) => (
                    <>
                      <code>{s.cron}</code> <span class="soft">{s.time_zone}</span>
                    </>
                  ),
                },
                { name: 'Next', cell: (s) => (s.paused ? <Badge tone="warn">paused</Badge> : <Time at={s.next[0]} />) },
                { name: 'Last', wide: true, cell: (s) => <Last of={s} /> },
                { name: 'Note', wide: true, cell: (s) => s.note },
                {
                  name: 'Orders',
                  cell: ({ schedule_id: id, paused }) => (
                    <div class="actions">
                      {([paused ? 'resume' : 'pause', 'remove'] as const).map((order) => (
                        <Act
                          key={order}
                          role="engineer"
                          danger={order === 'remove'}
                          aria-label={`${order} ${id}`}
                          onClick={() => ask({ order, id })}
                        >
                          {order}
                        </Act>
                      ))}
                    </div>
                  ),
                },
              ]}
            />
          )}
        </Shown>
        <Cli text="./millrace schedule list" />
      </Card>
      {asked && (
        <Confirm
          title={`${asked.order} ${asked.id}?`}
          text={ORDERS[asked.order]}
          {...(asked.order === 'remove' ? { typed: asked.id } : { reason: 'wanted' as const })}
          cli={cli('schedule', asked.order, asked.id)}
          action={asked.order}
          busy={attempt.busy}
          error={attempt.error}
          onConfirm={(reason) => void give(asked.order, asked.id, reason)}
          onClose={() => ask(undefined)}
        />
      )}
    </Screen>
  );
}

function Last({ of: { recent } }: { of: Schedule }) {
  const [last] = recent;
  if (!last) return <span class="soft">never</span>;
  return (
    <Link to={pathOf(['batches', last.batch_id])}>
      <Time at={last.at} />
    </Link>
  );
}
