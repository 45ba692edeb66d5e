/** Who may do what, with which credential, and what was done or refused. */
import { useState } from 'preact/hooks';
import { call } from '../api';
import { cli } from '../format';
import { go, useAttempt, useLoad, useRoute } from '../hooks';
import { pathOf } from '../route';
import { session } from '../session';
import { type Items } from '../types';
import { Confirm } from '../dialog';
import { Act, Badge, Card, Cli, Copy, Field, Screen, Shown, Sql, State, Table, Tabs, Time, Trouble } from '../ui';

interface ApiKey {
  readonly key_id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly status: string;
  readonly created_at: string;
  readonly created_by: string;
  readonly expires_at: string;
}

interface Identity {
  readonly kind: string;
  readonly id: string;
  readonly status: string;
  readonly serial?: string;
  readonly expires_at?: string;
}

interface Entry {
  readonly event_id: string;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly resource: string;
  readonly outcome: string;
  readonly reason: string;
  readonly granted_by: string;
}

const TABS = [
  { id: 'audit', name: 'Audit', to: '/access' },
  { id: 'keys', name: 'API keys', to: '/access/keys' },
  { id: 'identities', name: 'Agents’ certificates', to: '/access/identities' },
  { id: 'me', name: 'You', to: '/access/me' },
];

export function Access({ tab = 'audit' }: { tab?: string }) {
  return (
    <Screen title="Access">
      <Tabs label="Access" current={tab} tabs={TABS} />
      {tab === 'keys' ? <Keys /> : tab === 'identities' ? <Identities /> : tab === 'me' ? <Me /> : <Audit />}
    </Screen>
  );
}

function Audit() {
  const { query } = useRoute();
  const { actor = '', outcome = '' } = query;
  const parameters = new URLSearchParams({ limit: '200', ...(actor && { actor }), ...(outcome && { outcome }) });
  const loaded = useLoad<Items<Entry>>(`/audit?${parameters}`, 0, 15_000);
  const set = (name: string, value: string): void => go(pathOf(['access'], { ...query, [name]: value }), true);
  return (
    <Card title="Who did what, or was refused, in the last day">
      <div class="filters">
        <Field label="Actor">
          <input value={actor} placeholder="user:alice" onChange={(e) => set('actor', e.currentTarget.value)} />
        </Field>
        <Field label="Outcome">
          <select value={outcome} onChange={(e) => set('outcome', e.currentTarget.value)}>
            <option value="">any</option>
            <option>allowed</option>
            <option>refused</option>
          </select>
        </Field>
      </div>
      <Shown of={loaded} what="Asking for the audit log" empty="Nothing fits.">
        {(items) => (
          <Table
            label="Audit log"
            rows={items}
            keyOf={(e) => e.event_id}
            columns={[
              { name: 'When', cell: (e) => <Time at={e.at} /> },
              { name: 'Who', cell: (e) => e.actor },
              { name: 'What', cell: (e) => <code>{e.action}</code> },
              { name: 'On', cell: (e) => <span class="break">{e.resource}</span> },
              {
                name: 'Outcome',
                cell: (e) => <Badge tone={e.outcome === 'allowed' ? 'good' : 'bad'}>{e.outcome}</Badge>,
              },
              { name: 'By right of, or why not', wide: true, cell: (e) => e.reason || e.granted_by },
            ]}
          />
        )}
      </Shown>
      <Sql text="SELECT at, actor, action, resource, outcome, reason FROM audit ORDER BY at DESC LIMIT 200" />
    </Card>
  );
}

function Keys() {
  const loaded = useLoad<Items<ApiKey>>('/api-keys');
  const [revoking, revoke] = useState<ApiKey | undefined>();
  const attempt = useAttempt();
  const end = async (key: ApiKey): Promise<void> => {
    if (await attempt.run(() => call('POST', `/api-keys/${key.key_id}/revoke`))) revoke(undefined);
    loaded.again();
  };
  return (
    <>
      {session.may('admin') && <NewKey made={loaded.again} />}
      <Card title="API keys">
        <Shown of={loaded} what="Asking for keys" empty="No key was made yet.">
          {(items) => (
            <Table
              label="API keys"
              rows={items}
              keyOf={(k) => k.key_id}
              columns={[
                { name: 'Name', cell: (k) => k.name },
                { name: 'Roles', cell: (k) => k.roles.join(', ') },
                {
                  name: 'Status',
                  cell: (k) => <Badge tone={k.status === 'active' ? 'good' : 'warn'}>{k.status}</Badge>,
                },
                { name: 'Expires', cell: (k) => <Time at={k.expires_at} /> },
                {
                  name: 'Made',
                  wide: true,
                  cell: (k) => (
                    <>
                      <Time at={k.created_at} /> by {k.created_by}
                    </>
                  ),
                },
                {
                  name: 'Do',
                  cell: (k) =>
                    k.status === 'active' && (
                      <Act role="admin" danger aria-label={`Revoke ${k.name}`} onClick={() => revoke(k)}>
                        Revoke
                      </Act>
                    ),
                },
              ]}
            />
          )}
        </Shown>
        <Cli text="./millrace token list" />
      </Card>
      {revoking && (
        <Confirm
          title={`Revoke ${revoking.name}?`}
          text="Whatever uses it is refused from now on. This cannot be undone."
          typed={revoking.name}
          cli={cli('token', 'revoke', revoking.key_id)}
          action="Revoke"
          busy={attempt.busy}
          error={attempt.error}
          onConfirm={() => void end(revoking)}
          onClose={() => revoke(undefined)}
        />
      )}
    </>
  );
}

function NewKey({ made }: { made: () => void }) {
  const [name, rename] = useState('');
  const [role, grant] = useState('viewer');
  const [key, show] = useState('');
  const { busy, error, run } = useAttempt();
  const make = async (event: Event): Promise<void> => {
    event.preventDefault();
    await run(async () => show((await call<{ key: string }>('POST', '/api-keys', { name, roles: [role] })).key));
    made();
  };
  return (
    <Card title="A new key">
      <form class="filters" onSubmit={(e) => void make(e)}>
        <Field label="Name">
          <input
            required
            value={name}
            pattern="[A-Za-z0-9][A-Za-z0-9 ._\-]{0,63}"
            onInput={(e) => rename(e.currentTarget.value)}
          />
        </Field>
        <Field label="Role" hint="or role@enterprise/site">
          <input required value={role} onInput={(e) => grant(e.currentTarget.value)} />
        </Field>
        <button class="primary" disabled={busy}>
          Make
        </button>
      </form>
      {error && <Trouble error={error} />}
      {key !== '' && (
        <p class="banner good" role="status">
          The key, shown this once: <code class="break">{key}</code> <Copy text={key} />
        </p>
      )}
      <Cli text={cli('token', 'create', name || 'scada', '--role', role)} />
    </Card>
  );
}

function Identities() {
  const loaded = useLoad<Items<Identity>>('/identities');
  const [revoking, revoke] = useState<Identity | undefined>();
  const attempt = useAttempt();
  const end = async (i: Identity, reason: string): Promise<void> => {
    if (await attempt.run(() => call('POST', `/identities/${i.kind}/${encodeURIComponent(i.id)}/revoke`, { reason })))
      revoke(undefined);
    loaded.again();
  };
  return (
    <Card title="Agents and devices with certificates">
      <Shown
        of={loaded}
        what="Asking for identities"
        empty={
          <>
            <strong>Nobody is certified yet</strong>
            <Cli text="./millrace identity claim agent edge-7" />
          </>
        }
      >
        {(items) => (
          <Table
            label="Identities"
            rows={items}
            keyOf={(i) => `${i.kind}/${i.id}`}
            columns={[
              { name: 'Who', cell: (i) => `${i.kind} ${i.id}` },
              { name: 'Status', cell: (i) => <State of={i.status} /> },
              { name: 'Expires', cell: (i) => <Time at={i.expires_at} /> },
              { name: 'Serial', wide: true, cell: (i) => <code>{i.serial ?? '—'}</code> },
              {
                name: 'Do',
                cell: (i) =>
                  i.status === 'certified' && (
                    <Act role="admin" danger aria-label={`Revoke ${i.kind} ${i.id}`} onClick={() => revoke(i)}>
                      Revoke
                    </Act>
                  ),
              },
            ]}
          />
        )}
      </Shown>
      <Cli text="./millrace identity list" />
      {revoking && (
        <Confirm
          title={`Revoke ${revoking.kind} ${revoking.id}?`}
          text="It is refused from now on, and must be claimed anew."
          typed={revoking.id}
          reason="wanted"
          cli={cli('identity', 'revoke', revoking.kind, revoking.id)}
          action="Revoke"
          busy={attempt.busy}
          error={attempt.error}
          onConfirm={(reason) => void end(revoking, reason)}
          onClose={() => revoke(undefined)}
        />
      )}
    </Card>
  );
}

function Me() {
  if (session.state.kind !== 'in') return null;
  const { actor, kind, tenant, roles } = session.state.self;
  return (
    <Card title="You">
      <dl class="facts">
        <dt>Known as</dt>
        <dd>
          {actor} ({kind})
        </dd>
        <dt>Tenant</dt>
        <dd>{tenant}</dd>
        <dt>Roles</dt>
        <dd>{roles.join(', ') || 'none'}</dd>
      </dl>
      <button type="button" onClick={() => session.leave()}>
        Sign out
      </button>
    </Card>
  );
}
