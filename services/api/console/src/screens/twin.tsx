/** What the device is told to be, and what it says it is. */
import { useState } from 'preact/hooks';
import { call, devicePath } from '../api';
import { cli } from '../format';
import { useAttempt, useLive, useLoad } from '../hooks';
import { Confirm } from '../dialog';
import { type Device } from '../types';
import { Act, Badge, Card, Cli, Loading, Time, Trouble } from '../ui';

interface Config {
  readonly desired: object;
  readonly desired_version: number;
  readonly reported: object;
  readonly reported_version: number;
  readonly in_sync: boolean;
}

export function Twin({ device }: { device: Device }) {
  const live = useLive();
  const id = device.device_id;
  const { value, error, again } = useLoad<Config>(`${devicePath(id)}/config`, live.lifecycles);
  return (
    <>
      <Card title="Description">
        <dl class="facts">
          <Fact name="Name" value={device.name} />
          <Fact name="Model" value={device.model} />
          <Fact name="Agent" value={device.agent_id} />
          <Fact name="Path" value={device.path} />
          <Fact name="Behind" value={device.parent_id} />
          <Fact name="Serial" value={device.serial && `${device.serial} (replacement ${device.replacements ?? 0})`} />
          <Fact
            name="Labels"
            value={Object.entries(device.labels ?? {})
              .map(([k, v]) => `${k}=${v}`)
              .join(' ')}
          />
          <Fact name="Reason" value={device.reason} />
          <dt>Registered</dt>
          <dd>
            <Time at={device.registered_at} />
          </dd>
          <dt>Changed</dt>
          <dd>
            <Time at={device.changed_at} /> (version {device.version})
          </dd>
        </dl>
        <Cli text={cli('device', 'show', id)} />
      </Card>
      <Card
        title="Configuration"
        actions={
          value && (
            <Badge tone={value.in_sync ? 'good' : 'warn'}>
              {value.in_sync ? 'in step' : 'the device has not said that it has the desired one'}
            </Badge>
          )
        }
      >
        {error && <Trouble error={error} again={again} />}
        {value ? (
          <Editor key={value.desired_version} device={device} config={value} again={again} />
        ) : (
          !error && <Loading what="Asking for its configuration" />
        )}
        <Cli text={cli('device', 'config', id)} />
      </Card>
    </>
  );
}

const Fact = ({ name, value }: { name: string; value: string | null | undefined }) => (
  <>
    <dt>{name}</dt>
    <dd>{value || '—'}</dd>
  </>
);

function Editor({ device, config, again }: { device: Device; config: Config; again: () => void }) {
  const [text, edit] = useState(JSON.stringify(config.desired, undefined, 2));
  const [asked, ask] = useState<unknown>();
  const { busy, error, run } = useAttempt();
  const [id, version] = [device.device_id, config.desired_version];
  const check = (): Promise<boolean> => run(() => Promise.resolve(text).then((t) => ask(JSON.parse(t))));
  /** Of the version that was looked at: what somebody else desired meanwhile is not taken back unseen. */
  const save = async (): Promise<void> => {
    const path = `${devicePath(id)}/config`;
    if (await run(() => call('PUT', path, asked, undefined, { 'if-match': `"${version}"` }))) ask(undefined);
    again();
  };
  return (
    <div class="halves">
      <div class="stack">
        <h3>Desired, version {version}</h3>
        <textarea
          aria-label="Desired configuration, JSON"
          rows={10}
          spellcheck={false}
          value={text}
          onInput={(e) => edit(e.currentTarget.value)}
        />
        {error && asked === undefined && <Trouble error={error} />}
        <div class="actions">
          <Act role="engineer" path={device.path} busy={busy} onClick={() => void check()}>
            Desire this …
          </Act>
        </div>
        {asked !== undefined && (
          <Confirm
            title={`Desire this of ${id}?`}
            text="The device is told, and takes it over by itself. What it makes of it stands beside."
            cli={cli('device', 'configure', id, 'config.json', '--if-version', String(version))}
            action="Desire it"
            {...{ busy, error }}
            onConfirm={() => void save()}
            onClose={() => ask(undefined)}
          />
        )}
      </div>
      <div class="stack">
        <h3>Reported, version {config.reported_version}</h3>
        <pre tabIndex={0} aria-label="Reported configuration">
          {JSON.stringify(config.reported, undefined, 2)}
        </pre>
      </div>
    </div>
  );
}
