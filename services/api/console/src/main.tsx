/** The console: who is looking, the frame around the screens, and which screen. */
import './style.css';
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { hasToken, signIn, tokenFromAddress } from './api';
import { Dialog } from './dialog';
import { ageText, zoneName } from './format';
import { go, useLive, useNow, useRoute } from './hooks';
import { live } from './live';
import { type Route } from './route';
import { Access } from './screens/access';
import { Alarms } from './screens/alarms';
import { Batches, BatchScreen, Schedules } from './screens/batches';
import { CampaignScreen, Campaigns } from './screens/campaigns';
import { CommandScreen, Commands } from './screens/commands';
import { ConnectionEditor, Connections } from './screens/connections';
import { DeviceScreen } from './screens/device';
import { Devices } from './screens/devices';
import { MapScreen } from './screens/map';
import { Overview } from './screens/overview';
import { DeadLetter, StreamsScreen } from './screens/streams';
import { Topology } from './screens/topology';
import { session, type SessionState } from './session';
import { progressNow, Tour } from './tour';
import { Badge, Card, Cli, Empty, Field, Link, Loading, Screen, Table, type Tone } from './ui';

/** Address, name, and the key that leads there after `g`. */
const NAV = [
  ['overview', 'Overview', 'o'],
  ['devices', 'Devices', 'd'],
  ['map', 'Map', 'p'],
  ['alarms', 'Alarms', 'a'],
  ['commands', 'Commands', 'c'],
  ['campaigns', 'Campaigns', 'm'],
  ['streams', 'Stream', 's'],
  ['topology', 'Topology', 't'],
  ['connections', 'Connections', 'n'],
  ['access', 'Access', 'x'],
] as const;

/** Addresses that are part of another screen. */
const PART_OF: Readonly<Record<string, string>> = { batches: 'commands', schedules: 'commands' };
const screenOf = ({ screen }: Route): string => PART_OF[screen] ?? screen;

function Current({ route: { screen, rest } }: { route: Route }) {
  const [first, second] = rest;
  switch (screen) {
    case 'overview':
      return <Overview />;
    case 'devices':
      return first === undefined ? (
        <Devices />
      ) : (
        <DeviceScreen key={first} id={first} {...(second !== undefined && { tab: second })} />
      );
    case 'map':
      return <MapScreen />;
    case 'alarms':
      return <Alarms {...(first !== undefined && { tab: first })} />;
    case 'commands':
      return first === undefined ? <Commands /> : <CommandScreen key={first} id={first} />;
    case 'batches':
      return first === undefined ? <Batches /> : <BatchScreen key={first} id={first} />;
    case 'schedules':
      return <Schedules />;
    case 'campaigns':
      return first === undefined ? <Campaigns /> : <CampaignScreen key={first} id={first} />;
    case 'streams':
      return first === 'dead-letters' && second !== undefined ? (
        <DeadLetter key={second} message={second} />
      ) : (
        <StreamsScreen />
      );
    case 'topology':
      return <Topology />;
    case 'connections':
      return first === undefined ? <Connections /> : <ConnectionEditor key={first} agent={first} />;
    case 'access':
      return <Access {...(first !== undefined && { tab: first })} />;
    default:
      return (
        <Screen title="Nothing is here">
          <Empty>
            <Link to="/overview">To the overview</Link>
          </Empty>
        </Screen>
      );
  }
}

const LINK_WORDS: Readonly<Record<typeof live.link, readonly [string, Tone]>> = {
  connecting: ['connecting', 'plain'],
  live: ['live', 'good'],
  lost: ['link lost, trying again', 'bad'],
  refused: ['the live stream was refused', 'bad'],
};
/** Data older than this is marked. */
const OLD_MS = 15_000;

/** Always in view: whether the link is up, and how old what is shown is. */
function Freshness() {
  const { link, newest } = useLive();
  const now = useNow(1_000);
  const [words, tone] = LINK_WORDS[link];
  const age = now - newest;
  return (
    <div class="freshness">
      <span role="status">
        <Badge tone={tone}>{words}</Badge>
      </span>
      <span class={newest > 0 && age > OLD_MS ? 'problem' : 'soft'}>
        {newest === 0 ? 'no data yet' : age < 1_000 ? 'data is current' : `data is ${ageText(age)} old`}
      </span>
    </div>
  );
}

type Theme = 'auto' | 'light' | 'dark';
const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

function useTheme(): [Theme, () => void] {
  const [theme, set] = useState<Theme>((localStorage.getItem('millrace-theme') as Theme | null) ?? 'auto');
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
    localStorage.setItem('millrace-theme', theme);
  }, [theme]);
  return [theme, () => set(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto')];
}

/** How many pictures a screen may take until its field for searching is there. */
const SEARCH_FRAMES = 120;

function focusSearch(frames: number): void {
  const field = document.getElementById('search');
  if (field) field.focus();
  else if (frames > 0) requestAnimationFrame(() => focusSearch(frames - 1));
}

/** `/` searches, `g` and a letter leads to a screen, `?` lists these. */
function useKeys(help: () => void): void {
  useEffect(() => {
    let leading = false;
    const press = (event: KeyboardEvent): void => {
      if (
        (event.target as HTMLElement).closest('input, textarea, select, dialog') ||
        event.ctrlKey ||
        event.metaKey ||
        event.altKey
      )
        return;
      const screen = leading ? NAV.find(([, , key]) => key === event.key)?.[0] : undefined;
      leading = event.key === 'g' && !leading;
      if (screen !== undefined) go(`/${screen}`);
      else if (event.key === '?') help();
      else if (event.key === '/') {
        event.preventDefault();
        if (!document.getElementById('search')) go('/devices');
        focusSearch(SEARCH_FRAMES);
      }
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}

function Frame() {
  const route = useRoute();
  const [theme, turn] = useTheme();
  const [progress, setProgress] = useState(progressNow);
  const [helped, help] = useState(false);
  useKeys(() => help(true));
  useEffect(() => {
    live.start();
    return () => live.stop();
  }, []);
  useEffect(() => {
    const name = NAV.find(([id]) => id === screenOf(route))?.[1] ?? 'Millrace';
    document.title = `${[...route.rest.slice(0, 1), name].join(' · ')} · Millrace`;
  }, [route]);
  const tour = (): void => {
    const again = { done: progress.done % 4, closed: !progress.closed };
    localStorage.setItem('millrace-tour', `${again.done} ${again.closed ? 'closed' : 'open'}`);
    setProgress(again);
  };
  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <header class="top">
        <Link to="/overview" class="brand">
          Millrace
        </Link>
        <Freshness />
        <div class="actions">
          <button type="button" class="small" aria-pressed={!progress.closed} onClick={tour}>
            Tour
          </button>
          <button type="button" class="small" onClick={turn}>
            {theme === 'auto' ? 'System colours' : theme === 'light' ? 'Light' : 'Dark'}
          </button>
          <Link to="/access/me" class="button small">
            {session.state.kind === 'in' ? session.state.self.actor : ''}
          </Link>
        </div>
      </header>
      <nav class="side" aria-label="Screens">
        {NAV.map(([id, name, key]) => (
          <Link key={id} to={`/${id}`} aria-current={screenOf(route) === id ? 'page' : undefined} title={`g ${key}`}>
            {name}
          </Link>
        ))}
        <p class="soft small">Times are in {zoneName()}.</p>
        <button type="button" class="small" aria-keyshortcuts="?" onClick={() => help(true)}>
          Keys
        </button>
      </nav>
      <Current route={route} />
      {helped && <Keys onClose={() => help(false)} />}
      {!progress.closed && <Tour progress={progress} set={setProgress} />}
    </>
  );
}

function Keys({ onClose }: { onClose: () => void }) {
  const keys = [['/', 'Search the devices'], ['?', 'These keys'], ...NAV.map(([, name, key]) => [`g ${key}`, name])];
  return (
    <Dialog title="Keys" onClose={onClose}>
      <Table
        label="Keys"
        rows={keys}
        keyOf={([key = '']) => key}
        columns={[
          { name: 'Press', cell: ([key]) => <kbd>{key}</kbd> },
          { name: 'For', cell: ([, what]) => what },
        ]}
      />
      <p class="soft small">Arrows go through the list of devices, Escape leaves a dialog.</p>
      <div class="actions end">
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

function SignIn({ why }: { why: string }) {
  const [token, type] = useState('');
  const enter = (event: Event): void => {
    event.preventDefault();
    signIn(token.trim());
    void session.ask();
  };
  const said = why !== '' ? why : hasToken() ? 'This token or key is not accepted. Has it expired?' : '';
  return (
    <Screen title="Millrace">
      <div class="sign-in">
        <Card title="Sign in">
          <form class="stack" onSubmit={enter}>
            <p>With a token, or an API key. Whoever runs the platform makes one:</p>
            <Cli text="./millrace token issue alice --role viewer" />
            <Field label="Token or API key">
              <input
                type="password"
                required
                autocomplete="off"
                value={token}
                onInput={(e) => type(e.currentTarget.value)}
              />
            </Field>
            {said !== '' && (
              <p class="problem" role="alert">
                {said}
              </p>
            )}
            <button class="primary">Sign in</button>
            <p class="soft small">
              It is kept in this tab only. The address that <code>./millrace console</code> prints signs you in by
              itself.
            </p>
          </form>
        </Card>
      </div>
    </Screen>
  );
}

function App() {
  const [state, become] = useState<SessionState>(session.state);
  useEffect(() => {
    const leave = session.subscribe(() => become(session.state));
    void session.ask();
    return () => void leave();
  }, []);
  if (state.kind === 'asking')
    return (
      <Screen title="Millrace">
        <Loading what="Signing in" />
      </Screen>
    );
  return state.kind === 'out' ? <SignIn why={state.why} /> : <Frame />;
}

tokenFromAddress();
render(<App />, document.getElementById('app') as HTMLElement);
