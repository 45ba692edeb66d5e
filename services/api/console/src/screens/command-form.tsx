/** A command to one device: its arguments as the model has them, or by name where none is defined. */
import { useState } from 'preact/hooks';
import { call, devicePath } from '../api';
import { argumentWords, cli, unitText } from '../format';
import { useAttempt, useLive, useLoad } from '../hooks';
import { type CommandView, type Device, type Model, type ModelArgument, type ModelCommand } from '../types';
import { Confirm } from '../dialog';
import { Act, Card, Cli, Field, State, Trouble } from '../ui';

type Given = Readonly<Record<string, string>>;

/** What was typed, as the argument's type wants it; undefined when it was left out. Throws Error with what is wrong. */
export function argumentOf(a: ModelArgument, text: string | undefined): unknown {
  if (text === undefined || text === '') {
    if (a.required === false) return undefined;
    throw new Error(`${a.name} is needed`);
  }
  if (a.type === 'boolean') return text === 'true';
  if (a.type === 'text') return text;
  const number = Number(text);
  if (!Number.isFinite(number)) throw new Error(`${a.name}: ${text} is no number`);
  if (a.type === 'integer' && !Number.isInteger(number)) throw new Error(`${a.name}: a whole number`);
  if ((a.min !== undefined && number < a.min) || (a.max !== undefined && number > a.max))
    throw new Error(`${a.name}: from ${a.min ?? '−∞'} to ${a.max ?? '∞'}`);
  return number;
}

/** `value=72 mode=auto`, as on the command line. */
export function argumentsOf(text: string): Record<string, unknown> {
  const words = text.split(/[\s,]+/).filter((w) => w !== '');
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      if (at < 1) throw new Error(`${word}: write name=value`);
      const [name, value] = [word.slice(0, at), word.slice(at + 1)];
      if (value === 'true' || value === 'false') return [name, value === 'true'];
      return [name, value !== '' && Number.isFinite(Number(value)) ? Number(value) : value];
    }),
  );
}

export function CommandForm({ device, sent }: { device: Device; sent: () => void }) {
  const model = useLoad<Model>(device.model === '' ? undefined : `/models/${encodeURIComponent(device.model)}`);
  const commands = model.value?.commands ?? [];
  const [name, choose] = useState('');
  const [given, give] = useState<Given>({});
  const [problem, complain] = useState('');
  const [asked, ask] = useState<{ name: string; args: Record<string, unknown> } | undefined>();
  const [last, remember] = useState<string | undefined>();
  const { busy, error, run } = useAttempt();
  const known = commands.find((c) => c.name === (name || commands[0]?.name));
  const id = device.device_id;

  const prepare = (dry_run: boolean) => {
    try {
      complain('');
      const args = known ? argumentsFor(known, given) : argumentsOf(given['args'] ?? '');
      const wanted = known?.name ?? name.trim();
      if (wanted === '') throw new Error('Which command?');
      if (dry_run) void send(wanted, args, true);
      else ask({ name: wanted, args });
    } catch (e) {
      complain((e as Error).message);
    }
  };
  const send = async (command: string, args: Record<string, unknown>, dry_run: boolean): Promise<void> => {
    const body = { name: command, args, ...(dry_run && { dry_run }) };
    const post = async (): Promise<void> =>
      remember((await call<CommandView>('POST', `${devicePath(id)}/commands`, body)).command_id);
    if (await run(post)) ask(undefined);
    sent();
  };

  if (device.state !== 'active')
    return (
      <Card title="Send a command">
        <p class="state">The device is {device.state}: only an active device takes commands.</p>
      </Card>
    );
  return (
    <Card title="Send a command">
      <form
        class="filters"
        onSubmit={(e) => {
          e.preventDefault();
          prepare(false);
        }}
      >
        <Field label="Command">
          {commands.length > 0 ? (
            <select
              value={known?.name ?? ''}
              onChange={(e) => {
                choose(e.currentTarget.value);
                give({});
              }}
            >
              {commands.map((c) => (
                <option key={c.name}>{c.name}</option>
              ))}
            </select>
          ) : (
            <input value={name} placeholder="set-setpoint" onInput={(e) => choose(e.currentTarget.value)} />
          )}
        </Field>
        {known ? (
          (known.args ?? []).map((a) => (
            <Argument key={a.name} of={a} value={given[a.name] ?? ''} set={(v) => give({ ...given, [a.name]: v })} />
          ))
        ) : (
          <Field label="Arguments">
            <input
              value={given['args'] ?? ''}
              placeholder="value=72"
              onInput={(e) => give({ args: e.currentTarget.value })}
            />
          </Field>
        )}
        <Act role="operator" path={device.path} busy={busy} onClick={() => prepare(false)}>
          Send …
        </Act>
        <Act role="operator" path={device.path} busy={busy} onClick={() => prepare(true)}>
          Try without writing
        </Act>
      </form>
      {known && <About command={known} />}
      {commands.length === 0 && (
        <p class="soft">
          {device.model === '' ? 'The device has no model' : `The model ${device.model} is not defined here`}: the
          agent’s profile decides what it takes.
        </p>
      )}
      {problem !== '' && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {error && !asked && <Trouble error={error} />}
      {last !== undefined && <Outcome id={last} />}
      {asked && (
        <Confirm
          title={`Send ${asked.name} to ${id}?`}
          text={
            <>
              The agent writes it and reads it back: <code>{[asked.name, ...argumentWords(asked.args)].join(' ')}</code>
            </>
          }
          cli={cli('command', 'send', id, asked.name, ...argumentWords(asked.args))}
          action="Send"
          {...{ busy, error }}
          onConfirm={() => void send(asked.name, asked.args, false)}
          onClose={() => ask(undefined)}
        />
      )}
      <Cli
        text={cli(
          'command',
          'send',
          id,
          known?.name ?? (name || 'set-setpoint'),
          ...(known
            ? (known.args ?? []).flatMap((a) => (given[a.name] ? [`${a.name}=${given[a.name]}`] : []))
            : (given['args'] ?? '').split(/[\s,]+/).filter(Boolean)),
        )}
      />
    </Card>
  );
}

function About({ command: { description, verified_by } }: { command: ModelCommand }) {
  const verified = verified_by && `Verified by what the agent then reads of ${verified_by}`;
  const words = [description, verified].filter(Boolean);
  return words.length === 0 ? null : <p class="soft">{words.join(' · ')}</p>;
}

const argumentsFor = (command: ModelCommand, given: Given): Record<string, unknown> =>
  Object.fromEntries(
    (command.args ?? []).flatMap((a) => {
      const value = argumentOf(a, given[a.name] ?? (a.type === 'boolean' ? 'false' : undefined));
      return value === undefined ? [] : [[a.name, value]];
    }),
  );

function Argument({ of: a, value, set }: { of: ModelArgument; value: string; set: (value: string) => void }) {
  const range = a.min !== undefined || a.max !== undefined ? `${a.min ?? '…'} to ${a.max ?? '…'}` : '';
  const label = `${a.name}${a.unit ? `, ${unitText(a.unit)}` : ''}`;
  const hint = [range, a.description ?? '', a.required === false ? 'may be left out' : ''].filter(Boolean).join('; ');
  return (
    <Field label={label} hint={hint}>
      {a.values ? (
        <select value={value} onChange={(e) => set(e.currentTarget.value)}>
          <option value="" />
          {a.values.map((v) => (
            <option key={String(v)}>{String(v)}</option>
          ))}
        </select>
      ) : a.type === 'boolean' ? (
        <select value={value || 'false'} onChange={(e) => set(e.currentTarget.value)}>
          <option value="false">off</option>
          <option value="true">on</option>
        </select>
      ) : (
        <input
          value={value}
          inputMode={a.type === 'text' ? 'text' : 'decimal'}
          onInput={(e) => set(e.currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** How the last one goes, from issued to its end. */
function Outcome({ id }: { id: string }) {
  const live = useLive();
  const { value } = useLoad<CommandView>(`/commands/${encodeURIComponent(id)}`, live.commands);
  if (!value) return null;
  return (
    <p role="status">
      {value.name}:{' '}
      {value.transitions.map((t) => (
        <span key={t.state}>
          <State of={t.state} />{' '}
        </span>
      ))}
      {value.detail}
    </p>
  );
}
