/** The first minutes, on the real thing: see a value, query it, change a setpoint, pull the network. */
import { useEffect, useState } from 'preact/hooks';
import { call, devicePath } from './api';
import { now } from './clock';
import { cli, sqlText, valueText } from './format';
import { go, useAttempt, useLive, useNow, useRoute } from './hooks';
import { type Live } from './live';
import { missing, type Outage, watchOutage } from './outage';
import { pathOf } from './route';
import { type CommandView, type Items, type ValueRow } from './types';
import { Act, Age, Cli, Sql, State, Trouble } from './ui';

const KEY = 'millrace-tour';

interface Progress {
  /** Steps done, 0 to 4. */
  readonly done: number;
  readonly closed: boolean;
}

export function progressNow(): Progress {
  const [done, closed] = (localStorage.getItem(KEY) ?? '0 open').split(' ');
  return { done: Number(done), closed: closed === 'closed' };
}

const keep = ({ done, closed }: Progress): void => localStorage.setItem(KEY, `${done} ${closed ? 'closed' : 'open'}`);

const STEPS = ['See a value', 'Query it', 'Change a setpoint', 'Pull the network'] as const;

/** A device with something to set, if there is one. */
function example(live: Live): string | undefined {
  const active = live
    .list()
    .filter((d) => d.state === 'active' && d.device_id !== d.agent_id && live.values.has(d.device_id));
  return (active.find((d) => live.values.get(d.device_id)?.has('setpoint')) ?? active[0])?.device_id;
}

export function Tour({ progress, set }: { progress: Progress; set: (p: Progress) => void }) {
  const live = useLive();
  const device = example(live);
  const change = (p: Progress): void => {
    keep(p);
    set(p);
  };
  const finish = (step: number): void => {
    if (progress.done === step) change({ done: step + 1, closed: false });
  };
  const { done } = progress;
  return (
    <aside class="tour" aria-labelledby="tour-title">
      <header>
        <h2 id="tour-title">
          {done < STEPS.length ? `${done + 1} of ${STEPS.length}: ${STEPS[done]}` : 'That was it'}
        </h2>
        <button type="button" class="small" onClick={() => change({ ...progress, closed: true })}>
          Close
        </button>
      </header>
      <ol class="steps" aria-hidden="true">
        {STEPS.map((s, i) => (
          <li key={s} class={i < done ? 'done' : i === done ? 'now' : ''} />
        ))}
      </ol>
      {device === undefined ? (
        <p>
          Waiting for a device that is active and says something. Start the plant with <code>./millrace up</code>.
        </p>
      ) : done === 0 ? (
        <See device={device} finish={() => finish(0)} />
      ) : done === 1 ? (
        <Query device={device} finish={() => finish(1)} />
      ) : done === 2 ? (
        <Change device={device} finish={() => finish(2)} />
      ) : done === 3 ? (
        <Pull device={device} finish={() => finish(3)} />
      ) : (
        <p role="status">
          You saw a value, asked for it in SQL, changed the machine and lost nothing without a network. Next:{' '}
          <Cli text="./millrace --help" />
          <button type="button" onClick={() => change({ done: 0, closed: false })}>
            Begin again
          </button>
        </p>
      )}
    </aside>
  );
}

interface StepProps {
  readonly device: string;
  readonly finish: () => void;
}

const SEEN_MS = 10_000;

function See({ device, finish }: StepProps) {
  const live = useLive();
  const at = useNow(1_000);
  const { screen, rest } = useRoute();
  const values = live.values.get(device);
  const newest = Math.max(0, ...[...(values?.values() ?? [])].map((v) => v.at));
  const seen = screen === 'devices' && rest[0] === device && at - newest < SEEN_MS;
  return (
    <>
      <p>
        The values of <strong>{device}</strong> come from its registers, through the agent and the stream, to this page.
      </p>
      <div class="actions">
        <button type="button" onClick={() => go(pathOf(['devices', device]))}>
          Open {device}
        </button>
        <button type="button" class="primary" disabled={!seen} onClick={finish}>
          I see it
        </button>
      </div>
      {seen && (
        <p class="soft" role="status">
          Its newest value is <Age at={newest} now={at} /> old.
        </p>
      )}
    </>
  );
}

interface Row {
  readonly ts: string;
  readonly value: number | null;
}

function Query({ device, finish }: StepProps) {
  const live = useLive();
  const [rows, show] = useState<readonly Row[] | undefined>();
  const { busy, error, run } = useAttempt();
  const metrics = [...(live.values.get(device) ?? [])].filter(([, v]) => typeof v.value === 'number').map(([m]) => m);
  const metric = metrics.includes('temperature') ? 'temperature' : (metrics[0] ?? '');
  const sql = `SELECT ts, value FROM readings WHERE device_id = ${sqlText(device)} AND metric = ${sqlText(metric)} ORDER BY ts DESC LIMIT 5`;
  const ask = () =>
    run(async () =>
      show(
        (await call<Items<Row>>('GET', `${devicePath(device)}/readings?metric=${encodeURIComponent(metric)}&limit=5`))
          .items,
      ),
    );
  return (
    <>
      <p>Every reading is a row in ClickHouse. Ask for the last five of {metric}, here or in a terminal:</p>
      <Sql text={sql} />
      <Cli text={`./millrace query "${sql}"`} />
      <div class="actions">
        <button type="button" disabled={busy} onClick={() => void ask()}>
          Ask
        </button>
        <button type="button" class="primary" disabled={!rows || rows.length === 0} onClick={finish}>
          Next
        </button>
      </div>
      {error && <Trouble error={error} />}
      {rows && (
        <table role="status">
          <tbody>
            {rows.map((r) => (
              <tr key={r.ts}>
                <td>{r.ts}</td>
                <td class="number">{valueText(r.value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

const COMMAND = 'set-setpoint';

function Change({ device, finish }: StepProps) {
  const live = useLive();
  const [target, aim] = useState<number | undefined>();
  const [sent, remember] = useState<CommandView | undefined>();
  const { busy, error, run } = useAttempt();
  const path = live.devices.get(device)?.path ?? '';
  useEffect(() => {
    void call<Items<ValueRow>>('GET', `${devicePath(device)}/values`).then(
      ({ items }) => {
        const row = items.find((r) => r.metric === 'setpoint');
        if (!row || row.value === null) return;
        // Up by one where there is room, otherwise down.
        aim(row.high !== null && row.value + 1 > row.high ? row.value - 1 : row.value + 1);
      },
      () => undefined,
    );
  }, [device]);
  useEffect(() => {
    if (!sent || sent.final) return;
    void call<CommandView>('GET', `/commands/${encodeURIComponent(sent.command_id)}`).then(remember, () => undefined);
  }, [live.commands, sent?.command_id]);
  const send = () =>
    run(async () =>
      remember(
        await call<CommandView>('POST', `${devicePath(device)}/commands`, { name: COMMAND, args: { value: target } }),
      ),
    );
  if (target === undefined)
    return (
      <>
        <p>{device} has no setpoint. Any command shows the same: its outcome is always known.</p>
        <div class="actions">
          <button type="button" class="primary" onClick={finish}>
            Next
          </button>
        </div>
      </>
    );
  return (
    <>
      <p>
        A command is a durable workflow: the agent writes the register, reads it back, and says so. Set it to{' '}
        <strong>{valueText(target)}</strong>:
      </p>
      <Cli text={cli('command', 'send', device, COMMAND, `value=${target}`)} />
      <div class="actions">
        <Act role="operator" path={path} busy={busy || sent !== undefined} onClick={() => void send()}>
          Send
        </Act>
        <button type="button" class="primary" disabled={sent?.state !== 'verified'} onClick={finish}>
          Next
        </button>
      </div>
      {error && <Trouble error={error} />}
      {sent && (
        <p role="status">
          {sent.transitions.map((t) => (
            <State key={t.state} of={t.state} />
          ))}{' '}
          {sent.detail}
        </p>
      )}
    </>
  );
}

const COUNTED_ROWS = 10_000;

function Pull({ device, finish }: StepProps) {
  const live = useLive();
  const at = useNow(500);
  const [outage, become] = useState<Outage>({ stage: 'waiting' });
  const [lost, count] = useState<number | undefined>();
  const { error, run } = useAttempt();
  const newest = Math.max(0, ...[...(live.values.get(device)?.values() ?? [])].map((v) => v.at));
  useEffect(() => become((o) => watchOutage(o, newest, now())), [newest, at]);
  useEffect(() => {
    if (outage.stage !== 'back') return;
    const range = new URLSearchParams({
      from: new Date(outage.since - 5_000).toISOString(),
      to: new Date(outage.until - 1_000).toISOString(),
      limit: String(COUNTED_ROWS),
    });
    // The backlog comes after what is fresh: asked again until nothing is missing.
    const ask = () =>
      run(async () => {
        const { items } = await call<Items<{ seq: number }>>('GET', `${devicePath(device)}/readings?${range}`);
        if (items.length > 0) count(missing(items.map((r) => r.seq)));
      });
    void ask();
    const timer = setInterval(() => void ask(), 2_000);
    return () => clearInterval(timer);
  }, [outage.stage]);
  return (
    <>
      <p>
        Kill the broker from a terminal. The agent goes on into its outbox on disk; the launcher starts the broker
        again, and what was kept is sent after.
      </p>
      <Cli text="./millrace kill kafka" />
      <p role="status">
        {outage.stage === 'waiting' && (
          <>
            Waiting for you. Data is <Age at={newest} now={at} /> old.
          </>
        )}
        {outage.stage === 'cut' && (
          <>
            The network is gone: data is <Age at={newest} now={at} /> old. Nothing is lost; wait.
          </>
        )}
        {outage.stage === 'back' && lost === undefined && 'It is back. Counting what was kept …'}
        {lost !== undefined &&
          (lost === 0
            ? 'It is back, and no sequence number is missing.'
            : `It is back; ${lost} frames are still on their way …`)}
      </p>
      {error && lost === undefined && <Trouble error={error} />}
      <div class="actions">
        <button type="button" class="primary" disabled={lost !== 0} onClick={finish}>
          Done
        </button>
      </div>
    </>
  );
}
