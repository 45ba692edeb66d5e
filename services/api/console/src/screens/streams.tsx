/** How the stream does: rates, how far behind SQL is, and what could not be processed. */
import { useRef, useState } from 'preact/hooks';
import { call } from '../api';
import { cli, countText, hexDump, rateText } from '../format';
import { useAttempt, useLoad } from '../hooks';
import { pathOf } from '../route';
import { type Items, type Letter, type Streams, type TopicHealth, type WholeLetter } from '../types';
import { Confirm } from '../dialog';
import { Act, Badge, Card, Cli, Link, Loading, Screen, Shown, Sql, Table, Time, Trouble } from '../ui';

const EVERY_MS = 2_000;
const MAX_DUMP_BYTES = 4_096;

const written = (t: TopicHealth): number => t.written;
/** Messages of a topic that are in SQL. */
export const projected = (t: TopicHealth): number => t.written - (t.lag ?? t.written);

/** Messages a second by topic: of this answer and the one before. */
export function useTopicRates(
  streams: Streams | undefined,
  count: (t: TopicHealth) => number = written,
): ReadonlyMap<string, number> {
  const before = useRef<{ at: number; counts: Map<string, number>; rates: Map<string, number> } | undefined>(undefined);
  if (streams && Date.parse(streams.at) !== before.current?.at) {
    const at = Date.parse(streams.at);
    const counts = new Map(streams.topics.map((t) => [t.topic, count(t)]));
    const last = before.current;
    const rate = (t: TopicHealth): number =>
      last ? ((count(t) - (last.counts.get(t.topic) ?? count(t))) * 1_000) / (at - last.at) : 0;
    before.current = { at, counts, rates: new Map(streams.topics.map((t) => [t.topic, Math.max(0, rate(t))])) };
  }
  return before.current?.rates ?? new Map();
}

/** A partition may end with the marker of a transaction, which nothing ever reads. */
export const isCaughtUp = (t: TopicHealth): boolean => t.lag !== null && t.lag <= t.partitions;

function Lag({ of: t }: { of: TopicHealth }) {
  if (t.lag === null) return <span class="soft">not projected</span>;
  return isCaughtUp(t) ? <Badge tone="good">caught up</Badge> : <Badge tone="warn">{countText(t.lag)} behind</Badge>;
}

export function StreamsScreen() {
  const streams = useLoad<Streams>('/streams', 0, EVERY_MS);
  const rates = useTopicRates(streams.value);
  const letters = useLoad<Items<Letter>>('/dead-letters', 0, 10_000);
  return (
    <Screen title="Stream" sub="topics, how far behind SQL is, and what could not be processed">
      <Card title="Topics">
        {streams.error && <Trouble error={streams.error} again={streams.again} />}
        {streams.value ? (
          <Table
            label="Topics"
            rows={streams.value.topics}
            keyOf={(t) => t.topic}
            columns={[
              { name: 'Topic', cell: (t) => <code>{t.topic}</code> },
              { name: 'Rate', numeric: true, cell: (t) => rateText(rates.get(t.topic) ?? 0) },
              { name: 'SQL', cell: (t) => <Lag of={t} /> },
              { name: 'Written', numeric: true, wide: true, cell: (t) => countText(t.written) },
              { name: 'Kept', numeric: true, wide: true, cell: (t) => countText(t.kept) },
              { name: 'Partitions', numeric: true, wide: true, cell: (t) => t.partitions },
            ]}
          />
        ) : (
          !streams.error && <Loading what="Asking the broker" />
        )}
        <Cli text="./millrace status" />
      </Card>
      <Card title="Dead letters">
        <Shown
          of={letters}
          what="Asking for dead letters"
          empty={<strong>None: every message could be processed.</strong>}
        >
          {(items) => (
            <Table
              label="Dead letters"
              rows={items}
              keyOf={(l) => l.message}
              columns={[
                {
                  name: 'Message',
                  cell: (l) => (
                    <Link to={pathOf(['streams', 'dead-letters', l.message])}>
                      <code>{l.message}</code>
                    </Link>
                  ),
                },
                { name: 'Refused', cell: (l) => <Time at={l.at} /> },
                { name: 'Code', cell: (l) => <Badge tone="bad">{l.code}</Badge> },
                { name: 'Reason', wide: true, cell: (l) => l.reason },
              ]}
            />
          )}
        </Shown>
        <Cli text="./millrace dead-letters list" />
        <Sql text="SELECT source_topic, source_partition, source_offset, code, reason, at FROM dead_letters ORDER BY at DESC" />
      </Card>
    </Screen>
  );
}

export function DeadLetter({ message }: { message: string }) {
  const { value: l, error, again } = useLoad<WholeLetter>(`/dead-letters/${encodeURIComponent(message)}`);
  const [asked, ask] = useState(false);
  const [told, tell] = useState('');
  const attempt = useAttempt();
  if (!l)
    return (
      <Screen title="Dead letter">
        {error ? <Trouble error={error} again={again} /> : <Loading what="Asking for the message" />}
      </Screen>
    );
  const replay = async (): Promise<void> => {
    const send = async (): Promise<void> => {
      const { sent } = await call<{ sent: string[] }>('POST', `/dead-letters/${encodeURIComponent(message)}/replay`);
      tell(
        sent.length > 0 ? 'It was sent back to its topic.' : 'It had been sent back before, and was not sent again.',
      );
    };
    if (await attempt.run(send)) ask(false);
  };
  return (
    <Screen title="Dead letter" sub={<code>{message}</code>}>
      <Card
        title="Why"
        actions={
          <Act role="engineer" danger onClick={() => ask(true)}>
            Send back …
          </Act>
        }
      >
        <p>
          <Badge tone="bad">{l.code}</Badge> {l.reason}
        </p>
        <p class="soft">
          Refused by {l.consumer}, <Time at={l.at} />; written <Time at={l.source_timestamp} />
        </p>
        {told !== '' && (
          <p role="status" class="banner good">
            {told}
          </p>
        )}
        <Cli text={cli('dead-letters', 'show', message)} />
      </Card>
      <Card title="Decoded">
        {l.decoded.error !== undefined ? (
          <p class="state">It cannot be decoded: {l.decoded.error}. Its bytes are below.</p>
        ) : (
          <>
            <p class="soft">
              {l.decoded.event}, written by schema {l.decoded.schema_id}
            </p>
            <pre tabIndex={0} aria-label="Decoded record">
              {JSON.stringify(l.decoded.record, undefined, 2)}
            </pre>
          </>
        )}
      </Card>
      <Card title="Bytes">
        <pre tabIndex={0} aria-label="Bytes of the value">
          {l.value_hex === null ? '(no value)' : hexDump(l.value_hex, MAX_DUMP_BYTES)}
        </pre>
        <p class="soft">
          Key, in hex: <code>{l.key_hex ?? '(none)'}</code>
        </p>
      </Card>
      {asked && (
        <Confirm
          title="Send it back?"
          text="It goes to its topic as it was, once for ever. Mend the cause first: otherwise it comes back here."
          typed={message}
          cli={cli('dead-letters', 'replay', message)}
          action="Send back"
          busy={attempt.busy}
          error={attempt.error}
          onConfirm={() => void replay()}
          onClose={() => ask(false)}
        />
      )}
    </Screen>
  );
}
