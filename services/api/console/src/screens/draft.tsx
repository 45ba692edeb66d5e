/** Points for a profile that is being written: found by the agent or imported. */
import { useState } from 'preact/hooks';
import {
  type Found,
  type FoundDevice,
  type FoundPoint,
  type FoundTopic,
  type Tested,
} from '../../../../../schemas/probe';
import { call } from '../api';
import {
  at,
  connectionsIn,
  devicesIn,
  type ImportKind,
  importKind,
  type DraftProps,
  FILE,
  LISTED,
  ROLE,
} from '../draft';
import { cli } from '../format';
import { useAttempt } from '../hooks';
import { Act, Badge, Card, Cli, Empty, Field, Loading, Table, Trouble } from '../ui';

interface WithPoints {
  readonly profile: string;
  readonly added: { readonly devices: number; readonly points: number };
  readonly left_out: readonly string[];
}

type Source =
  | { readonly kind: 'points'; readonly points: readonly FoundPoint[] }
  | { readonly kind: 'devices'; readonly devices: readonly FoundDevice[] }
  | { readonly kind: ImportKind; readonly text: string };

const BROWSE_WAIT_S = 5;

export function BrowseOrImport({ agent, text, edit }: DraftProps) {
  const connections = connectionsIn(text);
  const [chosen, choose] = useState('');
  const [node, begin] = useState('');
  const [device, name] = useState('');
  const [found, find] = useState<Found | undefined>();
  const [tested, say] = useState<Tested | undefined>();
  const [put, tell] = useState<WithPoints['added'] | undefined>();
  const [leftOut, leave] = useState<readonly string[]>([]);
  const attempt = useAttempt();
  const connection = connections.find((c) => c.name === chosen) ?? connections[0];

  const probe = <T,>(kind: 'test' | 'browse', told: (answer: T) => void): Promise<boolean> =>
    attempt.run(async () => {
      find(undefined);
      say(undefined);
      const body = { kind, profile: text, connection: connection?.name, node, wait_s: BROWSE_WAIT_S };
      told(await call<T>('POST', `${at(agent)}/probes`, body));
    });
  const add = (source: Source): Promise<boolean> =>
    attempt.run(async () => {
      const body = { profile: text, connection: connection?.name ?? '', device, source };
      const done = await call<WithPoints>('POST', `${at(agent)}/profile/points`, body);
      edit(done.profile);
      tell(done.added);
      leave(done.left_out);
    });
  if (!connection)
    return (
      <Card title="2 · Test, browse or import">
        <Empty>Write down a connection first: its name, its protocol, and where it is.</Empty>
      </Card>
    );
  return (
    <Card title="2 · Test, browse or import">
      <div class="filters">
        <Field label="Connection">
          <select value={connection.name} onChange={(e) => choose(e.currentTarget.value)}>
            {connections.map((c) => (
              <option key={c.name} value={c.name}>
                {c.name} ({c.protocol})
              </option>
            ))}
          </select>
        </Field>
        <Field label="From" hint="a node of OPC UA, a topic filter of MQTT; empty: everywhere">
          <input value={node} onInput={(e) => begin(e.currentTarget.value)} />
        </Field>
        <Field label="Points are of the device" hint="made when it is not there">
          <input value={device} list="draft-devices" onInput={(e) => name(e.currentTarget.value)} />
          <datalist id="draft-devices">
            {devicesIn(text).map((d) => (
              <option key={d} value={d} />
            ))}
          </datalist>
        </Field>
      </div>
      <div class="actions">
        <Act role={ROLE} busy={attempt.busy} onClick={() => void probe<Tested>('test', say)}>
          Test
        </Act>
        <Act role={ROLE} busy={attempt.busy} onClick={() => void probe<Found>('browse', find)}>
          Browse
        </Act>
        <Import busy={attempt.busy} onFile={(kind, content) => void add({ kind, text: content })} />
      </div>
      {attempt.busy && <Loading what="The agent is looking" />}
      {attempt.error && <Trouble error={attempt.error} />}
      {tested && <Outcome of={tested} />}
      {put && (
        <p class="banner good" role="status">
          Put into the text above: points {put.points}, new devices {put.devices}. Nothing is applied yet.
        </p>
      )}
      <LeftOut reasons={[...(found?.left_out ?? []), ...leftOut]} />
      {found && <Finds found={found} device={device} busy={attempt.busy} onAdd={(source) => void add(source)} />}
      <Cli text={cli('profile', 'test', FILE, '--connection', connection.name)} />
      <Cli
        text={cli('profile', 'browse', FILE, '--connection', connection.name, ...(node === '' ? [] : ['--node', node]))}
      />
      <Cli
        text={cli(
          'profile',
          'import',
          FILE,
          '--connection',
          connection.name,
          '--device',
          device || 'my-device',
          '--csv',
          'tags.csv',
        )}
      />
    </Card>
  );
}

function Import({ busy, onFile }: { busy: boolean; onFile: (kind: ImportKind, text: string) => void }) {
  const take = async (input: HTMLInputElement): Promise<void> => {
    const file = input.files?.[0];
    if (!file) return;
    onFile(importKind(file.name), await file.text());
    input.value = '';
  };
  return (
    <label class="file">
      Import a tag list (CSV), EDE or DBC
      <input type="file" accept=".csv,.txt,.ede,.dbc" disabled={busy} onChange={(e) => void take(e.currentTarget)} />
    </label>
  );
}

const Outcome = ({ of: { connection, reached, reason, took_ms } }: { of: Tested }) => (
  <p role="status">
    <Badge tone={reached ? 'good' : 'bad'}>{connection}</Badge>{' '}
    {reached ? `answers the agent, after ${took_ms} ms` : `cannot be had by the agent: ${reason}`}
  </p>
);

function LeftOut({ reasons }: { reasons: readonly string[] }) {
  if (reasons.length === 0) return null;
  return (
    <details>
      <summary>{reasons.length} left out</summary>
      <ul class="problems">
        {reasons.slice(0, LISTED).map((r) => (
          <li key={r}>{r}</li>
        ))}
        {reasons.length > LISTED && <li>… and {reasons.length - LISTED} more</li>}
      </ul>
    </details>
  );
}

/** One line of what was found, and what becomes of it in a profile. */
interface Line {
  readonly key: string;
  readonly name: string;
  readonly about: string;
  readonly point?: FoundPoint;
  readonly device?: FoundDevice;
}

function Finds({
  found,
  device,
  busy,
  onAdd,
}: {
  found: Found;
  device: string;
  busy: boolean;
  onAdd: (source: Source) => void;
}) {
  const lines = linesOf(found, device);
  const [picked, pick] = useState<ReadonlySet<string>>(new Set());
  const toggle = (key: string): void => {
    const next = new Set(picked);
    if (!next.delete(key)) next.add(key);
    pick(next);
  };
  const chosen = lines.filter((l) => picked.has(l.key));
  const devices = chosen.flatMap((l) => l.device ?? []);
  const points = chosen.flatMap((l) => l.point ?? []);
  if (lines.length === 0) return <Empty>It answers, and nothing was found there.</Empty>;
  const all = picked.size === lines.length;
  return (
    <>
      <div class="actions">
        <button type="button" onClick={() => pick(all ? new Set() : new Set(lines.map((l) => l.key)))}>
          {all ? 'Pick none' : `Pick all ${lines.length}`}
        </button>
        <button
          type="button"
          class="primary"
          disabled={busy || chosen.length === 0 || (points.length > 0 && device === '')}
          onClick={() => onAdd(devices.length > 0 ? { kind: 'devices', devices } : { kind: 'points', points })}
        >
          Put {chosen.length} into the profile
        </button>
        {points.length > 0 && device === '' && <span class="soft">Name the device first.</span>}
        {found.cut && <span class="soft">There is more: begin further down.</span>}
      </div>
      <Table
        label="What was found"
        rows={lines}
        keyOf={(l) => l.key}
        columns={[
          {
            name: 'Pick',
            cell: (l) => (
              <input
                type="checkbox"
                aria-label={`Pick ${l.name}`}
                checked={picked.has(l.key)}
                onChange={() => toggle(l.key)}
              />
            ),
          },
          { name: 'Found', cell: (l) => <code>{l.name}</code> },
          { name: 'What it is', cell: (l) => l.about },
        ]}
      />
    </>
  );
}

function linesOf({ points, devices, topics }: Found, device: string): readonly Line[] {
  return [
    ...points.map((p) => ({
      ...{ key: p.metric, name: p.metric, point: p },
      about: [p['type'], p['node']].filter(Boolean).join(' · '),
    })),
    ...devices.map((d) => ({ key: d.id, name: d.id, about: whereIs(d), device: d })),
    ...topics.flatMap((t) => t.values.map((v) => lineOfTopic(t, v, device))),
  ];
}

const whereIs = ({ bacnet: { network, mac, address } }: FoundDevice): string =>
  [network && `network ${network}`, mac !== undefined && `mac ${mac}`, address].filter(Boolean).join(' · ');

/** One value of one topic is one point, with a subscription of its own. */
function lineOfTopic(
  { topic, messages, sample }: FoundTopic,
  { pointer, type }: FoundTopic['values'][number],
  device: string,
): Line {
  const plain = `${topic.split('/').at(-1) ?? topic}${pointer.replaceAll('/', '_')}`.replace(/[^\w.-]+/g, '_');
  const metric = /^[A-Za-z_]/.test(plain) ? plain : `_${plain}`;
  const subscription = { topic, device, metric, ...(pointer !== '' && { value: pointer }) };
  const kind = type === 'number' ? {} : { type };
  return {
    ...{ key: `${topic}${pointer}`, name: `${topic}${pointer === '' ? '' : ` ${pointer}`}` },
    about: `${messages} × ${sample}`,
    point: { metric, ...kind, subscription },
  };
}
