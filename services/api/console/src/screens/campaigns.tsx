/** Images to many devices, in stages: how far, and what may be ordered. */
import { useState } from 'preact/hooks';
import { call } from '../api';
import { cli, countText, sqlText } from '../format';
import { useAttempt, useLoad } from '../hooks';
import { pathOf } from '../route';
import { type Campaign, type CampaignRow, type Counts, type Items } from '../types';
import { Confirm } from '../dialog';
import { Act, Card, Cli, Empty, Link, Loading, Screen, Shown, Sql, State, Table, Time, Trouble } from '../ui';
import { Workflow, workflowId } from './commands';

const ORDERS: Readonly<Record<string, string>> = {
  pause: 'Nothing more is begun until it is resumed.',
  resume: 'It goes on, also past the failures of a stage that halted.',
  retry: 'The failed devices of the stage are asked again.',
  abort: 'It ends, and devices stay as they are.',
  'roll-back': 'It ends, and every device gets back what it had.',
};

/** As services/domain/campaign has it; the API has the last word. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  running: ['pause', 'abort', 'roll-back'],
  paused: ['resume', 'abort', 'roll-back'],
  halted: ['resume', 'retry', 'abort', 'roll-back'],
};

export function Campaigns() {
  const loaded = useLoad<Items<CampaignRow>>('/campaigns', 0, 10_000);
  return (
    <Screen title="Campaigns" sub="images to many devices, in stages">
      <Card title="Campaigns">
        <Shown
          of={loaded}
          what="Asking for campaigns"
          empty={
            <>
              <strong>No campaign yet</strong>
              <Cli text="./millrace campaign start manifest.json --model boiler" />
            </>
          }
        >
          {(items) => (
            <Table
              label="Campaigns"
              rows={items}
              keyOf={(c) => c.campaign_id}
              columns={[
                {
                  name: 'Campaign',
                  cell: (c) => <Link to={pathOf(['campaigns', c.campaign_id])}>{c.campaign_id.slice(0, 13)}</Link>,
                },
                { name: 'Version', cell: (c) => c.version },
                { name: 'Last step', cell: (c) => <State of={c.phase} /> },
                { name: 'Stage', numeric: true, cell: (c) => c.stage },
                { name: 'Devices', numeric: true, cell: (c) => countText(c.devices) },
                { name: 'Begun', cell: (c) => <Time at={c.begun_at} /> },
                { name: 'By', wide: true, cell: (c) => c.actor },
                { name: 'Remark', wide: true, cell: (c) => c.detail },
              ]}
            />
          )}
        </Shown>
        <Sql text="SELECT * FROM campaigns ORDER BY begun_at DESC" />
      </Card>
    </Screen>
  );
}

export function CampaignScreen({ id }: { id: string }) {
  const { value: c, error, again } = useLoad<Campaign>(`/campaigns/${encodeURIComponent(id)}`, 0, 2_000);
  const [asked, ask] = useState<string | undefined>();
  const attempt = useAttempt();
  const order = async (what: string, reason: string): Promise<void> => {
    const body = reason === '' ? {} : { reason };
    if (await attempt.run(() => call('POST', `/campaigns/${encodeURIComponent(id)}/${what}`, body))) ask(undefined);
    again();
  };
  if (!c)
    return (
      <Screen title="Campaign">
        {error ? <Trouble error={error} again={again} /> : <Loading what="Asking for the campaign" />}
      </Screen>
    );
  const dangerous = asked === 'abort' || asked === 'roll-back';
  return (
    <Screen
      title="Campaign"
      sub={
        <>
          <State of={c.phase} /> <code>{id}</code> {countText(c.devices)} devices
        </>
      }
    >
      {error && <Trouble error={error} />}
      <div class="actions">
        {(ALLOWED[c.phase] ?? []).map((o) => (
          <Act key={o} role="engineer" danger={o === 'abort' || o === 'roll-back'} onClick={() => ask(o)}>
            {o}
          </Act>
        ))}
      </div>
      <Card title="Stages">
        {c.detail !== '' && <p class={c.phase === 'halted' ? 'banner bad' : ''}>{c.detail}</p>}
        {c.stages.length === 0 ? (
          <Empty>No stage has begun.</Empty>
        ) : (
          <ol class="stages">
            {c.stages.map((s) => (
              <li key={s.stage}>
                <h3>
                  Stage {s.stage} <State of={s.state} />
                </h3>
                <Progress of={s} />
              </li>
            ))}
            {c.rollback && (
              <li>
                <h3>Back again</h3>
                <Progress of={c.rollback} />
              </li>
            )}
          </ol>
        )}
        <p class="soft">
          After each stage is a gate: more failures than allowed halt the campaign there, and it soaks before the next
          stage begins.
        </p>
        <Workflow id={workflowId('campaign', id)} />
        <Cli text={cli('campaign', 'show', id)} />
        <Sql
          text={`SELECT at, type, stage, actor, detail FROM campaign_events WHERE campaign_id = ${sqlText(id)} ORDER BY at`}
        />
      </Card>
      {c.failures.length > 0 && (
        <Card title="First failures">
          <Table
            label="Failures"
            rows={c.failures}
            keyOf={(f) => f.device_id}
            columns={[
              { name: 'Device', cell: (f) => <Link to={pathOf(['devices', f.device_id])}>{f.device_id}</Link> },
              { name: 'State', cell: (f) => <State of={f.state} /> },
              { name: 'Why', cell: (f) => f.detail },
            ]}
          />
        </Card>
      )}
      {asked !== undefined && (
        <Confirm
          title={`${asked}: ${id}`}
          text={ORDERS[asked] ?? ''}
          {...(dangerous ? { typed: id.slice(0, 8) } : {})}
          reason="wanted"
          cli={cli('campaign', asked, id)}
          action={asked}
          busy={attempt.busy}
          error={attempt.error}
          onConfirm={(reason) => void order(asked, reason)}
          onClose={() => ask(undefined)}
        />
      )}
    </Screen>
  );
}

export function Progress({ of: { devices, succeeded, failed } }: { of: Counts }) {
  return (
    <>
      <div class="bar" aria-hidden="true">
        <span class="good" style={{ flexGrow: succeeded }} />
        <span class="bad" style={{ flexGrow: failed }} />
        <span class="plain" style={{ flexGrow: Math.max(0, devices - succeeded - failed) }} />
      </div>
      <p class="soft">
        {countText(succeeded)} of {countText(devices)} done, {countText(failed)} failed
      </p>
    </>
  );
}
