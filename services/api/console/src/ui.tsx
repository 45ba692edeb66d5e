/** The pieces that every screen is made of. */
import { type ComponentChildren, type HTMLAttributes } from 'preact';
import { useState } from 'preact/hooks';
import { Problem } from './api';
import { ageText, timeText } from './format';
import { go, useNow } from './hooks';
import { type Role } from './roles';
import { session } from './session';

export type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'info';

/** Never by colour alone: each tone has a mark of its own, too. */
const MARKS: Readonly<Record<Tone, string>> = { plain: '○', good: '●', warn: '▲', bad: '■', info: '◆' };

export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`}>
      <span class="mark" aria-hidden="true">
        {MARKS[tone]}
      </span>
      {children}
    </span>
  );
}

const STATE_TONES: Readonly<Record<string, Tone>> = {
  ...{ active: 'good', online: 'good', verified: 'good', done: 'good', certified: 'good', good: 'good', ended: 'good' },
  ...{ suspended: 'warn', stale: 'warn', quarantined: 'bad', paused: 'warn', expired: 'warn', uncertain: 'warn' },
  ...{
    offline: 'bad',
    failed: 'bad',
    halted: 'bad',
    revoked: 'bad',
    bad: 'bad',
    'outcome-unknown': 'bad',
    refused: 'bad',
  },
  ...{ issued: 'info', approved: 'info', delivered: 'info', executed: 'info', running: 'info', 'rolling-back': 'info' },
};

export const State = ({ of }: { of: string }) => <Badge tone={STATE_TONES[of] ?? 'plain'}>{of}</Badge>;

/** A link that changes the screen without loading the page. */
export function Link({
  to,
  children,
  ...rest
}: { to: string; children: ComponentChildren } & Omit<HTMLAttributes<HTMLAnchorElement>, 'role'>) {
  const follow = (event: MouseEvent): void => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    go(to);
    scrollTo(0, 0);
  };
  return (
    <a {...rest} href={to} onClick={follow}>
      {children}
    </a>
  );
}

export function Time({ at }: { at: string | number | null | undefined }) {
  const time = at === null || at === undefined ? undefined : new Date(at);
  if (!time || Number.isNaN(time.getTime())) return <span class="soft">—</span>;
  const now = useNow(60_000);
  return (
    <time dateTime={time.toISOString()} title={`${time.toISOString()} (UTC)`}>
      {timeText(time.getTime(), now)}
    </time>
  );
}

export function Age({ at, now }: { at: number; now: number }) {
  return at > 0 ? <>{ageText(Math.max(0, now - at))}</> : <>—</>;
}

export function Card({
  title,
  actions,
  children,
}: {
  title?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class="card">
      {(title !== undefined || actions !== undefined) && (
        <header>
          <h2>{title}</h2>
          <div class="actions">{actions}</div>
        </header>
      )}
      {children}
    </section>
  );
}

export const Screen = ({
  title,
  sub,
  children,
}: {
  title: ComponentChildren;
  sub?: ComponentChildren;
  children: ComponentChildren;
}) => (
  <main id="main" tabIndex={-1}>
    <div class="title">
      <h1>{title}</h1>
      {sub !== undefined && <p class="soft">{sub}</p>}
    </div>
    {children}
  </main>
);

export const Loading = ({ what }: { what: string }) => (
  <p class="state" role="status">
    <span class="spinner" aria-hidden="true" /> {what} …
  </p>
);

export const Empty = ({ children }: { children: ComponentChildren }) => <div class="state">{children}</div>;

/** What went wrong, in words, and what may help. */
export function Trouble({ error, again }: { error: Error; again?: () => void }) {
  const forbidden = error instanceof Problem && error.status === 403;
  const errors = error instanceof Problem ? error.errors : [];
  return (
    <div class={`state ${forbidden ? 'denied' : 'trouble'}`} role="alert">
      <strong>{forbidden ? 'You may not see or do this' : 'That did not work'}</strong>
      <span>{error.message}</span>
      {errors.length > 0 && (
        <ul>
          {errors.map((e) => (
            <li key={`${e.path}${e.message}`}>{[e.path, e.message].filter(Boolean).join(': ')}</li>
          ))}
        </ul>
      )}
      {again && !forbidden && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Copy({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [said, say] = useState('');
  const copy = (): void => {
    // Without TLS browsers keep the clipboard to themselves.
    const clipboard = navigator.clipboard as Clipboard | undefined;
    const copied = clipboard ? clipboard.writeText(text) : Promise.reject(new Error('no clipboard'));
    copied.then(
      () => say('Copied'),
      () => say('Select it, and copy by hand'),
    );
    setTimeout(() => say(''), 2_000);
  };
  return (
    <button type="button" class="small" onClick={copy}>
      <span aria-live="polite">{said || label}</span>
    </button>
  );
}

/** The same from a shell, or in SQL. */
export const Same = ({ as, text }: { as: string; text: string }) => (
  <div class="same">
    <span class="soft">{as}</span>
    <code tabIndex={0}>{text}</code>
    <Copy text={text} />
  </div>
);

export const Cli = ({ text }: { text: string }) => <Same as="Shell" text={text} />;
export const Sql = ({ text }: { text: string }) => <Same as="SQL" text={text} />;

export function Field({ label, hint, children }: { label: string; hint?: string; children: ComponentChildren }) {
  return (
    <label class="field">
      <span>{label}</span>
      {children}
      {hint !== undefined && <small class="soft">{hint}</small>}
    </label>
  );
}

/** An action that asks for a role: disabled with the reason, rather than absent. */
export function Act({
  role,
  path,
  danger = false,
  busy = false,
  disabled = false,
  onClick,
  children,
  ...rest
}: {
  role: Role;
  path?: string;
  danger?: boolean;
  busy?: boolean;
  disabled?: boolean;
  onClick: () => void;
  children: ComponentChildren;
} & Omit<HTMLAttributes<HTMLButtonElement>, 'role' | 'onClick'>) {
  const may = session.may(role, path);
  return (
    <button
      {...rest}
      type="button"
      class={danger ? 'danger' : ''}
      disabled={!may || busy || disabled}
      title={may ? undefined : `needs the role ${role}`}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

export interface Column<T> {
  readonly name: string;
  readonly cell: (row: T) => ComponentChildren;
  readonly numeric?: boolean;
  /** Left out where there is little room. */
  readonly wide?: boolean;
}

export function Table<T>({
  label,
  columns,
  rows,
  keyOf,
}: {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string;
}) {
  const classOf = (c: Column<T>): string => [c.numeric ? 'number' : '', c.wide ? 'wide' : ''].join(' ');
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((c) => (
              <th key={c.name} scope="col" class={classOf(c)}>
                {c.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((c) => (
                <td key={c.name} class={classOf(c)}>
                  {c.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Loading, trouble, nothing, or what there is. */
export function Shown<T>({
  of,
  what,
  empty,
  children,
}: {
  of: {
    readonly value: { readonly items: readonly T[] } | undefined;
    readonly error: Error | undefined;
    readonly again: () => void;
  };
  what: string;
  empty: ComponentChildren;
  children: (items: readonly T[]) => ComponentChildren;
}) {
  const { value, error, again } = of;
  if (error && (!value || (error instanceof Problem && error.status === 403)))
    return <Trouble error={error} again={again} />;
  if (!value) return <Loading what={what} />;
  return (
    <>
      {error && <Trouble error={error} again={again} />}
      {value.items.length === 0 ? <Empty>{empty}</Empty> : children(value.items)}
    </>
  );
}

export function Tabs({
  label,
  tabs,
  current,
}: {
  label: string;
  tabs: readonly { readonly id: string; readonly name: string; readonly to: string }[];
  current: string;
}) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((t) => (
        <Link key={t.id} to={t.to} aria-current={t.id === current ? 'page' : undefined}>
          {t.name}
        </Link>
      ))}
    </nav>
  );
}
