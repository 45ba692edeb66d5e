import { call, follow } from './api.js';

const $ = (id) => document.getElementById(id);
/** id → { device, values: Map(metric → reading), row } */
const devices = new Map();
let selected = null;
const JOURNAL_LENGTH = 50;

function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function known(id) {
  let entry = devices.get(id);
  if (!entry) {
    const open = element('button', { className: 'device', textContent: id, onclick: () => select(id) });
    entry = { device: { device_id: id }, values: new Map(), cells: [1, 2, 3].map(() => element('td')), events: [] };
    entry.row = element('tr', {}, element('td', {}, open), ...entry.cells);
    devices.set(id, entry);
    const after = [...devices.keys()].sort().find((other) => other > id);
    $('devices').tBodies[0].insertBefore(entry.row, after ? devices.get(after).row : null);
  }
  return entry;
}

function age(at) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(at)) / 1000));
  return seconds < 120 ? `${seconds} s ago` : new Date(at).toLocaleString();
}

const shown = (value) =>
  typeof value === 'number' ? value.toLocaleString(undefined, { maximumFractionDigits: 3 }) : String(value ?? '—');

function paint(entry) {
  const [state, link, values] = entry.cells;
  state.textContent = entry.device.state ?? '';
  link.textContent = entry.device.presence?.status ?? '—';
  const list = element('dl');
  for (const [metric, r] of [...entry.values].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const quality = r.quality === 'good' ? '' : ` (${r.quality})`;
    list.append(
      element('dt', { textContent: metric }),
      element('dd', { className: quality ? 'value bad' : 'value', textContent: shown(r.value) + quality }),
      element('dd', { className: 'age', textContent: age(r.at) }),
    );
  }
  values.replaceChildren(list);
}

async function load() {
  let cursor = '';
  do {
    const page = await call('GET', `/devices?limit=1000${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    for (const device of page.items) known(device.device_id).device = device;
    cursor = page.next ?? '';
  } while (cursor);
  $('devices').hidden = devices.size === 0;
  $('empty').hidden = devices.size > 0;
  if (selected) paintDetail();
}

const MOVES = ['provision', 'activate', 'suspend', 'resume', 'quarantine', 'release', 'decommission'];

function paintDetail() {
  const entry = devices.get(selected);
  $('detail').hidden = false;
  $('detail-title').textContent = `${selected}: ${entry.device.state ?? ''}`;
  $('moves').replaceChildren(
    ...MOVES.filter((m) => entry.device.allowed?.includes(m)).map((m) =>
      element('button', { textContent: m, onclick: () => move(m) }),
    ),
  );
  $('cli').textContent = `./millrace command send ${selected} set-setpoint value=72`;
  $('sql').textContent =
    `SELECT ts, metric, value, quality FROM readings WHERE device_id = '${selected}' ORDER BY ts DESC LIMIT 10`;
  $('journal').replaceChildren(...entry.events.map((text) => element('li', { textContent: text })));
}

function select(id) {
  selected = id;
  $('message').textContent = '';
  paintDetail();
}

async function attempt(action) {
  $('message').textContent = '';
  try {
    await action();
  } catch (error) {
    $('message').textContent = error.message;
  }
}

const move = (name) =>
  attempt(async () => {
    if (name === 'decommission' && prompt(`Decommissioning cannot be undone. Type ${selected} to go on:`) !== selected)
      return;
    await call('POST', `/devices/${selected}/${name}`, { reason: 'from the console' });
    await load();
  });

$('command').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const pairs = String(form.get('args'))
    .split(/[\s,]+/)
    .filter(Boolean);
  const args = Object.fromEntries(
    pairs.map((p) => {
      const [name, text] = [p.slice(0, p.indexOf('=')), p.slice(p.indexOf('=') + 1)];
      return [name, Number.isNaN(Number(text)) ? text : Number(text)];
    }),
  );
  void attempt(() => call('POST', `/devices/${selected}/commands`, { name: form.get('name'), args }));
});

function note(id, at, text) {
  const entry = known(id);
  entry.events.unshift(`${new Date(at).toLocaleTimeString()} ${text}`);
  entry.events.length = Math.min(entry.events.length, JOURNAL_LENGTH);
  if (id === selected) paintDetail();
}

const HANDLERS = {
  reading: (e) => {
    const entry = known(e.device_id);
    for (const s of e.series) entry.values.set(s.metric, s);
  },
  lifecycle: (e) => {
    note(e.device_id, e.at, `${e.type} by ${e.actor}${e.reason ? `: ${e.reason}` : ''}`);
    void load();
  },
  presence: (e) => {
    known(e.device_id).device.presence = e;
  },
  command: (e) => note(e.device_id, e.transition.at, `${e.name} ${JSON.stringify(e.args)}: ${e.transition.state}`),
  alarm: (e) => note(e.device_id, e.at, `alarm ${e.alarm}: ${e.active ? 'active' : 'cleared'} ${e.message}`),
};

const REPAINT_MS = 400;
setInterval(() => devices.forEach(paint), REPAINT_MS);
void follow(
  (type, data) => HANDLERS[type]?.(data),
  (state) => {
    $('link').textContent = state;
    if (state === 'live') void attempt(load);
  },
);
