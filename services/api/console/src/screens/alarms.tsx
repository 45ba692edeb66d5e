/** Alarms that ask for attention, and the journal of all of them. */
import { useState } from 'preact/hooks';
import { call, devicePath } from '../api';
import { now } from '../clock';
import { cli, valueText } from '../format';
import { SQL_LATE_MS, useAttempt, useLive, useLoad, useNow } from '../hooks';
import { pathOf } from '../route';
import { type AlarmRow, type AlarmTransition, type Items } from '../types';
import { Confirm, Dialog } from '../dialog';
import {
  Act,
  Badge,
  Card,
  Cli,
  Empty,
  Field,
  Link,
  Screen,
  Shown,
  Sql,
  Table,
  Tabs,
  Time,
  type Tone,
  Trouble,
} from '../ui';

/** ISA-18.2: more than ten new alarms in ten minutes are more than one person can deal with. */
const FLOOD_ALARMS = 10;
const FLOOD_MS = 600_000;

const PRIORITIES: Readonly<Record<number, readonly [string, Tone]>> = {
  1: ['critical', 'bad'],
  2: ['high', 'bad'],
  3: ['medium', 'warn'],
  4: ['low', 'info'],
};

export const isFlood = (alarms: readonly { readonly raised_at: string }[], now: number): boolean =>
  alarms.filter((a) => now - Date.parse(a.raised_at) < FLOOD_MS).length > FLOOD_ALARMS;

const TABS = [
  { id: 'standing', name: 'Standing', to: '/alarms' },
  { id: 'journal', name: 'Journal', to: '/alarms/journal' },
];

export function Alarms({ tab = 'standing' }: { tab?: string }) {
  return (
    <Screen title="Alarms">
      <Tabs label="Alarms" current={tab} tabs={TABS} />
      {tab === 'journal' ? <Journal /> : <Standing />}
    </Screen>
  );
}

/** Its time may be over while nobody looked. */
const isShelved = ({ shelved_until: until }: AlarmRow, at: number): boolean => until !== null && Date.parse(until) > at;

function Standing() {
  const live = useLive();
  const at = useNow(5_000);
  const loaded = useLoad<Items<AlarmRow>>('/alarms', live.alarms, SQL_LATE_MS);
  const items = loaded.value?.items ?? [];
  const shelved = items.filter((a) => isShelved(a, at));
  return (
    <>
      {isFlood(items, at) && (
        <p class="banner bad" role="alert">
          <strong>Alarm flood.</strong> More than {FLOOD_ALARMS} alarms were raised in ten minutes. Deal with the
          critical ones first; they are on top.
        </p>
      )}
      <Card title="Standing alarms">
        <Shown
          of={loaded}
          what="Asking for alarms"
          empty={<strong>No alarm is active, and none waits to be acknowledged.</strong>}
        >
          {(all) =>
            all.length === shelved.length ? (
              <Empty>All of them are shelved, see below.</Empty>
            ) : (
              <AlarmTable alarms={all.filter((a) => !shelved.includes(a))} again={loaded.again} />
            )
          }
        </Shown>
        <Cli text="./millrace alarm list" />
        <Sql text="SELECT * FROM alarms WHERE active OR NOT acknowledged OR shelved_until > now() ORDER BY priority, raised_at DESC" />
      </Card>
      {shelved.length > 0 && (
        <Card title="Shelved">
          <AlarmTable alarms={shelved} again={loaded.again} />
        </Card>
      )}
    </>
  );
}

export function AlarmTable({ alarms, again }: { alarms: readonly AlarmRow[]; again: () => void }) {
  const [asked, ask] = useState<{ alarm: AlarmRow; what: 'acknowledge' | 'shelve' | 'unshelve' } | undefined>();
  return (
    <>
      <Table
        label="Alarms"
        rows={alarms}
        keyOf={(a) => `${a.device_id}/${a.alarm}/${a.occurrence}`}
        columns={[
          { name: 'Priority', cell: (a) => <Priority of={a.priority} /> },
          {
            name: 'Alarm',
            cell: (a) => (
              <>
                <strong>{a.alarm}</strong>
                <div class="soft small">{a.message}</div>
              </>
            ),
          },
          { name: 'Device', cell: (a) => <Link to={pathOf(['devices', a.device_id, 'alarms'])}>{a.device_id}</Link> },
          { name: 'Stands', cell: (a) => <Stands alarm={a} /> },
          { name: 'Raised', cell: (a) => <Time at={a.raised_at} /> },
          { name: 'Value', numeric: true, wide: true, cell: (a) => valueText(a.value) },
          { name: 'Last by', wide: true, cell: (a) => a.actor },
          {
            name: 'Do',
            cell: (a) => (
              <div class="actions">
                {!a.acknowledged && (
                  <Act
                    role="operator"
                    aria-label={`Acknowledge ${a.alarm} of ${a.device_id}`}
                    onClick={() => ask({ alarm: a, what: 'acknowledge' })}
                  >
                    Acknowledge
                  </Act>
                )}
                <ShelfButton alarm={a} ask={(what) => ask({ alarm: a, what })} />
              </div>
            ),
          },
        ]}
      />
      {(asked?.what === 'acknowledge' || asked?.what === 'unshelve') && (
        <Order alarm={asked.alarm} what={asked.what} close={() => (ask(undefined), again())} />
      )}
      {asked?.what === 'shelve' && <Shelve alarm={asked.alarm} close={() => (ask(undefined), again())} />}
    </>
  );
}

function ShelfButton({ alarm: a, ask }: { alarm: AlarmRow; ask: (what: 'shelve' | 'unshelve') => void }) {
  const what = isShelved(a, now()) ? 'unshelve' : 'shelve';
  const name = what === 'shelve' ? 'Shelve' : 'Unshelve';
  return (
    <Act role="operator" aria-label={`${name} ${a.alarm} of ${a.device_id}`} onClick={() => ask(what)}>
      {name}
    </Act>
  );
}

function Priority({ of }: { of: number }) {
  const [name, tone] = PRIORITIES[of] ?? [`priority ${of}`, 'plain'];
  return <Badge tone={tone}>{name}</Badge>;
}

/** The flags are orthogonal: an alarm can be over and not acknowledged, or active and shelved. */
function Stands({ alarm: a }: { alarm: AlarmRow }) {
  const shelved = a.shelved_until !== null;
  return (
    <>
      <Badge tone={a.active ? 'bad' : 'good'}>{a.active ? 'active' : 'cleared'}</Badge>{' '}
      <Badge tone={a.acknowledged ? 'plain' : 'warn'}>{a.acknowledged ? 'acknowledged' : 'not acknowledged'}</Badge>
      {shelved && (
        <div class="soft small">
          shelved until <Time at={a.shelved_until} />
          {a.shelf_comment && <>: “{a.shelf_comment}”</>}
        </div>
      )}
      {a.suppressed && <div class="soft small">suppressed by design</div>}
      {a.out_of_service && <div class="soft small">out of service</div>}
    </>
  );
}

const order = (a: AlarmRow, name: string, args: object): Promise<unknown> =>
  call('POST', `${devicePath(a.device_id)}/commands`, { name, args });

const ORDERS = {
  acknowledge: {
    action: 'Acknowledge',
    says: (a: AlarmRow) =>
      `You have taken note that ${a.device_id} says: ${a.message || a.alarm}. The agent keeps it, also without a network.`,
  },
  unshelve: {
    action: 'Unshelve',
    says: (a: AlarmRow) => `${a.alarm} of ${a.device_id} stands among the others again, before its time is over.`,
  },
} as const;

function Order({ alarm: a, what, close }: { alarm: AlarmRow; what: keyof typeof ORDERS; close: () => void }) {
  const { busy, error, run } = useAttempt();
  const { action, says } = ORDERS[what];
  const send = async (): Promise<void> => {
    if (await run(() => order(a, `alarm-${what}`, { alarm: a.alarm }))) close();
  };
  return (
    <Confirm
      title={`${action} ${a.alarm}?`}
      text={says(a)}
      cli={cli('alarm', what, a.device_id, a.alarm)}
      {...{ action, busy, error }}
      onConfirm={() => void send()}
      onClose={close}
    />
  );
}

const DURATIONS = [15, 30, 60, 240, 480] as const;

function Shelve({ alarm: a, close }: { alarm: AlarmRow; close: () => void }) {
  const [minutes, last] = useState<number>(30);
  const [comment, say] = useState('');
  const { busy, error, run } = useAttempt();
  const args = { alarm: a.alarm, minutes, ...(comment.trim() !== '' && { comment: comment.trim() }) };
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (await run(() => order(a, 'alarm-shelve', args))) close();
  };
  const words = ['--for', `${minutes}m`, ...(args.comment ? ['--comment', args.comment] : [])];
  return (
    <Dialog title={`Shelve ${a.alarm} of ${a.device_id}`} onClose={close}>
      <form class="stack" onSubmit={(e) => void send(e)}>
        <p>It is put aside, and comes back by itself when the time is over.</p>
        <Field label="For">
          <select value={minutes} onChange={(e) => last(Number(e.currentTarget.value))}>
            {DURATIONS.map((m) => (
              <option key={m} value={m}>
                {m < 60 ? `${m} minutes` : `${m / 60} h`}
              </option>
            ))}
          </select>
        </Field>
        <Field label="Comment" hint="shown in the journal">
          <input value={comment} required maxLength={500} onInput={(e) => say(e.currentTarget.value)} />
        </Field>
        <Cli text={cli('alarm', 'shelve', a.device_id, a.alarm, ...words)} />
        {error && <Trouble error={error} />}
        <div class="actions end">
          <button type="button" onClick={close}>
            Leave it
          </button>
          <button class="primary" disabled={busy}>
            Shelve
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Journal() {
  const live = useLive();
  const loaded = useLoad<Items<AlarmTransition>>('/alarms/journal', live.alarms, SQL_LATE_MS);
  return (
    <Card title="Journal">
      <Shown of={loaded} what="Asking for the journal" empty="No alarm was ever raised.">
        {(items) => (
          <Table
            label="Journal"
            rows={items}
            keyOf={(t) =>
              `${t.device_id}/${t.alarm}/${t.occurrence}/${t.at}/${String(t.acknowledged)}/${String(t.active)}/${String(t.shelved_until)}`
            }
            columns={[
              { name: 'When', cell: (t) => <Time at={t.at} /> },
              {
                name: 'Device',
                cell: (t) => <Link to={pathOf(['devices', t.device_id, 'alarms'])}>{t.device_id}</Link>,
              },
              { name: 'Alarm', cell: (t) => t.alarm },
              { name: 'Priority', wide: true, cell: (t) => <Priority of={t.priority} /> },
              { name: 'Became', cell: (t) => <Stands alarm={{ ...t, raised_at: t.at, changed_at: t.at }} /> },
              { name: 'Message', wide: true, cell: (t) => t.message },
              { name: 'By', cell: (t) => t.actor },
            ]}
          />
        )}
      </Shown>
      <Cli text="./millrace alarm journal" />
      <Sql text="SELECT * FROM alarm_events ORDER BY at DESC LIMIT 500" />
    </Card>
  );
}
