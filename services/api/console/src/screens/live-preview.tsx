/** What the points of a profile that is being written read now. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Preview, type PreviewValue } from '../../../../../schemas/probe';
import { call } from '../api';
import { at, type DraftProps, FILE, LISTED, ROLE } from '../draft';
import { cli, unitText, valueText } from '../format';
import { useAttempt } from '../hooks';
import { Act, Badge, Card, Cli, Empty, Loading, State, Table, Time, Trouble } from '../ui';

const PREVIEW_WAIT_S = 10;
/** Each is on record; somebody who wants more has it applied. */
const READS = 20;

/** Every point of the draft as the agent reads it now, beside its work. */
export function LivePreview({ agent, text }: Pick<DraftProps, 'agent' | 'text'>) {
  const [preview, show] = useState<Preview | undefined>();
  const [left, leave] = useState(0);
  const attempt = useAttempt();
  const mounted = useRef(true);
  useEffect(() => () => void (mounted.current = false), []);
  const read = async (): Promise<void> => {
    const body = { kind: 'preview', profile: text, wait_s: PREVIEW_WAIT_S };
    await attempt.run(async () => show(await call<Preview>('POST', `${at(agent)}/probes`, body)));
  };
  useEffect(() => {
    if (left === 0 || attempt.busy || !mounted.current) return;
    if (attempt.error) return leave(0);
    leave((n) => n - 1);
    void read();
  }, [left, attempt.busy]);
  const rows = preview?.values ?? [];
  return (
    <Card
      title="4 · Live preview"
      actions={
        left > 0 ? (
          <button type="button" onClick={() => leave(0)}>
            Stop
          </button>
        ) : (
          <>
            <Act role={ROLE} busy={attempt.busy} onClick={() => void read()}>
              Read once
            </Act>
            <Act role={ROLE} busy={attempt.busy} onClick={() => leave(READS)}>
              Keep reading
            </Act>
          </>
        )
      }
    >
      {attempt.busy && !preview && <Loading what="The agent is reading" />}
      {attempt.error && <Trouble error={attempt.error} />}
      {!preview && !attempt.busy && (
        <Empty>
          The agent reads every point of the text above, beside its work. Nothing is stored, shipped or written.
        </Empty>
      )}
      {preview && (
        <>
          <p role="status">
            {rows.length} of {preview.points} points read
            {preview.unread.length > 0 && `; silent: ${preview.unread.slice(0, LISTED).join(', ')}`}
          </p>
          {preview.complaints.map((c) => (
            <p key={c.connection}>
              <Badge tone="warn">{c.connection}</Badge> {c.reason}
            </p>
          ))}
          {rows.length > 0 && <Values rows={rows} />}
        </>
      )}
      <Cli text={cli('profile', 'preview', FILE)} />
    </Card>
  );
}

const Values = ({ rows }: { rows: readonly PreviewValue[] }) => (
  <Table
    label="Values of the draft"
    rows={rows}
    keyOf={(r) => `${r.device}/${r.metric}`}
    columns={[
      { name: 'Device', cell: (r) => r.device },
      { name: 'Metric', cell: (r) => r.metric },
      { name: 'Value', numeric: true, cell: (r) => valueText(r.value) },
      { name: 'Unit', cell: (r) => unitText(r.unit) },
      { name: 'Quality', cell: (r) => <State of={r.quality} /> },
      { name: 'Read at', cell: (r) => <Time at={r.time} />, wide: true },
    ]}
  />
);
