/** What an agent reads and writes: its profile is checked, compared, and applied. */
import { useEffect, useState } from 'preact/hooks';
import { call, Problem } from '../api';
import { type Current } from '../../../../../schemas/probe';
import { diffLines, hunks } from '../../../../../schemas/text-diff';
import { cli } from '../format';
import { useAttempt, useLive, useLoad } from '../hooks';
import { pathOf } from '../route';
import { type Items, type ValueRow } from '../types';
import { Confirm } from '../dialog';
import { closedVariables } from '../draft';
import { BrowseOrImport } from './draft';
import { LivePreview } from './live-preview';
import { Act, Badge, Card, Cli, Empty, Link, Loading, Screen, Table, Trouble } from '../ui';

interface Desired {
  readonly version: number;
  readonly profile: string;
  readonly files: readonly string[];
  readonly by: string;
  readonly at: string;
}

interface Checked {
  readonly valid: boolean;
  readonly agent_id?: string;
  readonly devices?: readonly string[];
  readonly problems: readonly { readonly line: number; readonly message: string }[];
}

const AROUND = 3;

export function Connections() {
  const live = useLive();
  const agents = [...new Set(live.list().flatMap((d) => d.agent_id ?? []))].sort();
  const rows = agents.map((agent) => ({ agent, devices: live.list().filter((d) => d.agent_id === agent) }));
  return (
    <Screen title="Connections" sub="what the agents read and write">
      <Card title="Agents">
        {rows.length === 0 ? (
          live.complete ? (
            <Empty>No device names an agent yet.</Empty>
          ) : (
            <Loading what="Asking for the devices" />
          )
        ) : (
          <Table
            label="Agents"
            rows={rows}
            keyOf={(r) => r.agent}
            columns={[
              { name: 'Agent', cell: (r) => <Link to={pathOf(['connections', r.agent])}>{r.agent}</Link> },
              { name: 'Devices', numeric: true, cell: (r) => r.devices.length },
              {
                name: 'Online',
                numeric: true,
                cell: (r) => r.devices.filter((d) => d.presence?.status === 'online').length,
              },
            ]}
          />
        )}
        <Cli text="./millrace agent validate --profile my-plant.yaml" />
      </Card>
    </Screen>
  );
}

export function ConnectionEditor({ agent }: { agent: string }) {
  const loaded = useLoad<Desired>(`/agents/${encodeURIComponent(agent)}/profile`);
  const none = loaded.error?.status === 404;
  if (loaded.error && !none)
    return (
      <Screen title={agent}>
        <Trouble error={loaded.error} again={loaded.again} />
      </Screen>
    );
  if (!loaded.value && !none)
    return (
      <Screen title={agent}>
        <Loading what="Asking for its profile" />
      </Screen>
    );
  const desired = loaded.value;
  return (
    <Screen
      title={agent}
      sub={
        desired
          ? `version ${desired.version} is desired, by ${desired.by || 'unknown'}`
          : 'nothing is desired from here: it works by its own file'
      }
    >
      <Told agent={agent} />
      <Editor key={desired?.version ?? 0} agent={agent} desired={desired} again={loaded.again} />
    </Screen>
  );
}

/** What the agent itself says of its profile, in its readings. */
function Told({ agent }: { agent: string }) {
  const live = useLive();
  const { value } = useLoad<Items<ValueRow>>(`/devices/${encodeURIComponent(agent)}/values`, 0, 10_000);
  const heard = live.values.get(agent);
  const of = (metric: string) => {
    const row = value?.items.find((r) => r.metric === metric);
    return heard?.get(metric)?.value ?? row?.value_text ?? row?.value_int ?? row?.value;
  };
  const [version, source, refusal] = [of('profile_version'), of('profile_source'), of('profile_refusal')];
  if (version === undefined && source === undefined) return null;
  return (
    <p>
      The agent works by <Badge tone="info">{source === undefined ? 'its profile' : String(source)}</Badge>
      {version !== undefined && ` version ${String(version)}`}
      {refusal ? <span class="problem"> and refused the last: {String(refusal)}</span> : ''}
    </p>
  );
}

function Editor({ agent, desired, again }: { agent: string; desired: Desired | undefined; again: () => void }) {
  const [own, know] = useState('');
  const before = desired?.profile ?? own;
  const [text, edit] = useState(before);
  const [checked, check] = useState<{ text: string; result: Checked } | undefined>();
  const [asked, ask] = useState(false);
  const [told, tell] = useState('');
  const attempt = useAttempt();
  const current = checked?.text === text ? checked.result : undefined;
  const changed = text !== before;
  useEffect(() => edit(before), [before]);

  const validate = async (): Promise<void> => {
    const path = `/agents/${encodeURIComponent(agent)}/profile/check`;
    await attempt.run(async () => check({ text, result: await call<Checked>('POST', path, { profile: text }) }));
  };
  const apply = async (): Promise<void> => {
    const put = async (): Promise<void> => {
      const path = `/agents/${encodeURIComponent(agent)}/profile`;
      const { version } = await call<{ version: number }>('PUT', path, {
        profile: text,
        version: desired?.version ?? 0,
      });
      tell(`Version ${version} is on its way to the agent. What it makes of it is said above.`);
    };
    if (await attempt.run(put)) ask(false);
    again();
  };

  return (
    <>
      <Card title="1 · Profile, YAML">
        <textarea
          aria-label="Profile, YAML"
          rows={18}
          spellcheck={false}
          value={text}
          placeholder={`agent:\n  id: ${agent}\nconnections: …`}
          onInput={(e) => edit(e.currentTarget.value)}
        />
        {!desired && own === '' && <OwnFile agent={agent} know={know} />}
        <Closed variables={closedVariables(text)} />
        {desired && desired.files.length > 0 && (
          <p class="banner warn">
            It names tag lists ({desired.files.join(', ')}): change it by the command line, which sends them along.
          </p>
        )}
        <div class="actions">
          <button
            type="button"
            class="primary"
            disabled={attempt.busy || text.trim() === ''}
            onClick={() => void validate()}
          >
            Validate
          </button>
          <button type="button" disabled={!changed} onClick={() => edit(before)}>
            Take back
          </button>
        </div>
        {attempt.error && !asked && <Trouble error={attempt.error} />}
        <Cli text="./millrace agent validate --profile my-plant.yaml" />
      </Card>
      <BrowseOrImport agent={agent} text={text} edit={edit} />
      {current && (
        <Card title="3 · What the agent would make of it">
          {current.valid ? (
            <p>
              <Badge tone="good">valid</Badge> {current.devices?.length ?? 0} devices:{' '}
              {current.devices?.slice(0, 12).join(', ')}
              {(current.devices?.length ?? 0) > 12 ? ' …' : ''}
            </p>
          ) : (
            <ul class="problems">
              {current.problems.map((p) => (
                <li key={p.message}>
                  <Badge tone="bad">line {p.line}</Badge> {p.message}
                </li>
              ))}
            </ul>
          )}
        </Card>
      )}
      {current?.valid && <LivePreview agent={agent} text={text} />}
      {current?.valid && (
        <Card
          title="5 · What changes"
          actions={
            <Act role="engineer" danger disabled={!changed} onClick={() => ask(true)}>
              Apply …
            </Act>
          }
        >
          {changed ? <Diff before={before} after={text} /> : <Empty>Nothing.</Empty>}
          <Cli text="./millrace profile plan my-plant.yaml && ./millrace profile apply my-plant.yaml" />
        </Card>
      )}
      {told !== '' && (
        <p class="banner good" role="status">
          {told}
        </p>
      )}
      {asked && (
        <Confirm
          title={`Apply to ${agent}?`}
          text="The agent changes over without a restart; devices that stay the same lose no sample. Should it refuse, the last good profile stays in force."
          typed={agent}
          cli={cli('profile', 'apply', 'my-plant.yaml')}
          action="Apply"
          busy={attempt.busy}
          error={attempt.error instanceof Problem ? attempt.error : undefined}
          onConfirm={() => void apply()}
          onClose={() => ask(false)}
        />
      )}
    </>
  );
}

/** The agent would look elsewhere than by its own file, and nobody would be told. */
function Closed({ variables }: { variables: readonly string[] }) {
  if (variables.length === 0) return null;
  return (
    <p class="banner warn">
      From here only variables that begin with <code>PROFILE_</code> are filled in; these take their default:{' '}
      {variables.join(', ')}
    </p>
  );
}

/** Whoever applies a profile puts it in the place of that file: it is begun with, and compared with. */
function OwnFile({ agent, know }: { agent: string; know: (profile: string) => void }) {
  const attempt = useAttempt();
  const ask = (): Promise<boolean> =>
    attempt.run(async () => {
      const path = `/agents/${encodeURIComponent(agent)}/probes`;
      know((await call<Current>('POST', path, { kind: 'current' })).profile);
    });
  return (
    <>
      <p class="banner warn">
        What is applied here takes the place of that file as a whole. Begin with it, so that nothing is lost:{' '}
        <Act role="engineer" busy={attempt.busy} onClick={() => void ask()}>
          Ask the agent for its file
        </Act>
      </p>
      {attempt.error && <Trouble error={attempt.error} />}
      <Cli text={cli('profile', 'show', agent, '--running')} />
    </>
  );
}

const SIGNS = { same: ' ', added: '+', removed: '-' } as const;

function Diff({ before, after }: { before: string; after: string }) {
  return (
    <pre class="diff" tabIndex={0} aria-label="Differences">
      {hunks(diffLines(before, after), AROUND).map((l, i) =>
        l.kind === 'skipped' ? (
          <span key={i} class="soft">{`… ${l.count} lines the same\n`}</span>
        ) : (
          <span key={i} class={l.kind}>{`${SIGNS[l.kind]} ${l.text}\n`}</span>
        ),
      )}
    </pre>
  );
}
