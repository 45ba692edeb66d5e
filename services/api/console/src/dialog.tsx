/** Questions over the page. */
import { type ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Cli, Field, Trouble } from './ui';

/** A question over the page. Escape and the button leave it; the browser keeps the focus inside. */
export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    ref.current?.showModal();
  }, []);
  return (
    <dialog ref={ref} onClose={onClose} aria-labelledby="dialog-title">
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}

interface ConfirmProps {
  readonly title: string;
  readonly text: ComponentChildren;
  /** What has to be typed; undefined for what can be undone. */
  readonly typed?: string;
  readonly cli: string;
  readonly action: string;
  readonly busy: boolean;
  readonly error: Error | undefined;
  readonly onConfirm: (reason: string) => void;
  readonly onClose: () => void;
  readonly reason?: 'wanted' | 'needed';
}

export function Confirm(props: ConfirmProps) {
  const { title, text, typed, cli, action, busy, error, onConfirm, onClose, reason: asks } = props;
  const [given, type] = useState('');
  const [reason, explain] = useState('');
  const ready = (typed === undefined || given === typed) && (asks !== 'needed' || reason.trim() !== '');
  const submit = (event: Event): void => {
    event.preventDefault();
    if (ready && !busy) onConfirm(reason.trim());
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <p>{text}</p>
        {asks !== undefined && (
          <Field label={asks === 'needed' ? 'Reason' : 'Reason (kept in its history)'}>
            <input value={reason} maxLength={1000} onInput={(e) => explain(e.currentTarget.value)} />
          </Field>
        )}
        {typed !== undefined && (
          <Field label={`Type ${typed} to go on`}>
            <input value={given} autocomplete="off" spellcheck={false} onInput={(e) => type(e.currentTarget.value)} />
          </Field>
        )}
        <Cli text={cli} />
        {error && <Trouble error={error} />}
        <div class="actions end">
          <button type="button" onClick={onClose}>
            Leave it
          </button>
          <button class={typed === undefined ? 'primary' : 'danger'} disabled={!ready || busy}>
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
