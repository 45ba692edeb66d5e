/** Commands of all devices, and one of them with its way. */
import { useState } from 'preact/hooks';
import { call } from '../api';
import { cli, commandText } from '../format';
import { go, SQL_LATE_MS, useAttempt, useLive, useLoad, useRoute } from '../hooks';
import { pathOf } from '../route';
import { session } from '../session';
import { type CommandRow, type CommandView, type Items } from '../types';
import { Confirm } from '../dialog';
import { Act, Card, Cli, Field, Link, Loading, Screen, Shown, Sql, State, Table, Time, Trouble } from '../ui';
import { CommandTabs } from './batches';

const STATES = [
  'issued',
  'approved',
  'delivered',
  'executed',
  'verified',
  'failed',
  'expired',
  'cancelled',
  'outcome-unknown',
];

export function Commands() {
  const live = useLive();
  const { query } = useRoute();
  const state = query['state'] ?? '';
  const loaded = useLoad<Items<CommandRow>>(`/commands${state && `?state=${state}`}`, live.commands, SQL_LATE_MS);
  return (
    <Screen title="Commands" sub="of the last seven days">
      <CommandTabs current="commands" />
      <div class="filters">
        <Field label="State">
          <select value={state} onChange={(e) => go(pathOf(['commands'], { state: e.currentTarget.value }), true)}>
            <option value="">any</option>
            {STATES.map((s) => (
              <option key={s}>{s}</option>
            ))}
          </select>
        </Field>
      </div>
      <Card title="Commands">
        <Shown
          of={loaded}
          what="Asking for commands"
          empty={
            <>
              <strong>No command {state && `is ${state}`}</strong>
              <Cli text="./millrace command send boiler-1 set-setpoint value=72" />
            </>
          }
        >
          {(items) => (
            <Table
              label="Commands"
              rows={items}
              keyOf={(c) => c.command_id}
              columns={[
                {
                  name: 'Issued',
                  cell: (c) => (
                    <Link to={pathOf(['commands', c.command_id])}>
                      <Time at={c.issued_at ?? c.changed_at} />
                    </Link>
                  ),
                },
                {
                  name: 'Device',
                  cell: (c) => <Link to={pathOf(['devices', c.device_id, 'commands'])}>{c.device_id}</Link>,
                },
                { name: 'Command', cell: (c) => <code>{commandText(c.name, c.args)}</code> },
                { name: 'State', cell: (c) => <State of={c.state} /> },
                { name: 'By', wide: true, cell: (c) => c.actor },
                { name: 'Remark', wide: true, cell: (c) => c.detail },
              ]}
            />
          )}
        </Shown>
        <Sql text="SELECT issued_at, device_id, name, args, state, actor, detail FROM commands ORDER BY issued_at DESC LIMIT 200" />
      </Card>
    </Screen>
  );
}

/** Where the durable work behind it can be looked at. */
export function Workflow({ id }: { id: string }) {
  const url = session.state.kind === 'in' ? session.state.self.workflows_url : undefined;
  return (
    <p>
      Workflow <code>{id}</code>{' '}
      {url !== undefined && (
        <a href={`${url}/namespaces/default/workflows/${encodeURIComponent(id)}`} target="_blank" rel="noreferrer">
          open in Temporal
        </a>
      )}
    </p>
  );
}

export const workflowId = (kind: 'command' | 'batch' | 'campaign', id: string): string =>
  `${kind}-${session.state.kind === 'in' ? session.state.self.tenant : 'default'}/${id}`;

export function CommandScreen({ id }: { id: string }) {
  const live = useLive();
  const { value: c, error, again } = useLoad<CommandView>(`/commands/${encodeURIComponent(id)}`, live.commands);
  const [asked, ask] = useState<'cancel' | 'approve' | undefined>();
  const attempt = useAttempt();
  if (!c)
    return (
      <Screen title="Command">
        {error ? <Trouble error={error} again={again} /> : <Loading what="Asking for the command" />}
      </Screen>
    );
  const path = live.devices.get(c.device_id)?.path ?? '';
  const waits = c.transitions.length === 1 && /approv/.test(c.detail);
  const control = async (what: 'cancel' | 'approve', text: string): Promise<void> => {
    const body = text === '' ? {} : what === 'cancel' ? { reason: text } : { remark: text };
    if (await attempt.run(() => call('POST', `/commands/${encodeURIComponent(id)}/${what}`, body))) ask(undefined);
    again();
  };
  return (
    <Screen
      title={c.name}
      sub={
        <>
          <State of={c.state} /> on <Link to={pathOf(['devices', c.device_id, 'commands'])}>{c.device_id}</Link>
        </>
      }
    >
      {!c.final && (
        <div class="actions">
          <Act role="operator" path={path} onClick={() => ask('cancel')}>
            cancel
          </Act>
          {waits && (
            <Act role="operator" path={path} onClick={() => ask('approve')}>
              approve
            </Act>
          )}
        </div>
      )}
      <Card title="Its way">
        <ol class="timeline">
          {c.transitions.map((t) => (
            <li key={t.state}>
              <State of={t.state} />
              <div class="soft">
                <Time at={t.at} /> by {t.actor}
                {t.detail ? `: ${t.detail}` : ''}
              </div>
            </li>
          ))}
        </ol>
        {c.detail !== '' && <p>{c.detail}</p>}
      </Card>
      <Card title="What was asked, and what came of it">
        <div class="halves">
          <pre tabIndex={0} aria-label="Arguments">
            {JSON.stringify(c.args, undefined, 2)}
          </pre>
          <pre tabIndex={0} aria-label="Result">
            {JSON.stringify(c.result, undefined, 2)}
          </pre>
        </div>
        <Workflow id={workflowId('command', c.command_id)} />
        <Cli text={cli('command', 'show', c.command_id)} />
      </Card>
      {asked && (
        <Confirm
          title={`${asked} ${c.name} on ${c.device_id}?`}
          text={
            asked === 'cancel'
              ? 'You are told whether it came in time.'
              : 'It is sent then. You must not be the one who asked for it.'
          }
          reason="wanted"
          cli={cli('command', asked, c.command_id)}
          action={asked}
          busy={attempt.busy}
          error={attempt.error}
          onConfirm={(text) => void control(asked, text)}
          onClose={() => ask(undefined)}
        />
      )}
    </Screen>
  );
}
