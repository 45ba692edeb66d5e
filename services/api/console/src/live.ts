/** What is known of the plant right now: the list of devices, and all that the stream has told since. */
import { call, devicePath, headers, problemOf } from './api';
import { now } from './clock';
import { EventParser, type ServerEvent } from './events';
import { type Device, type Items, type Presence } from './types';

export type Link = 'connecting' | 'live' | 'lost' | 'refused';

export interface LiveValue {
  /** ms since 1970-01-01 UTC, by the device. */
  readonly at: number;
  readonly value: number | string | null;
  readonly quality: string;
}

export interface Note {
  readonly key: string;
  readonly at: number;
  readonly device: string;
  readonly text: string;
  readonly tone: 'plain' | 'good' | 'warn' | 'bad';
}

interface Reading {
  readonly device_id: string;
  readonly agent_id: string;
  readonly series: readonly {
    metric: string;
    at: string;
    value: number | string | null;
    quality: string;
    readings: number;
  }[];
}

const PAGE = 1_000;
const FIELDS = 'device_id,state,name,model,agent_id,path,labels,presence';
/** Screens are painted at most so often, ms. */
const TICK_MS = 250;
const MAX_NOTES = 200;
const RETRY_MS = 1_000;
const MAX_RETRY_MS = 10_000;
/** Without a sign of life for so long the link counts as lost; the server sends one every 10 s. */
const SILENCE_MS = 25_000;
/** Latest values kept, of all devices together. */
const MAX_VALUES = 300_000;
const REFRESH_MS = 500;
/** Devices asked for one by one after their lives moved; more, and the whole list is read anew. */
const MAX_SINGLE = 20;

export class Live {
  readonly devices = new Map<string, Device>();
  readonly values = new Map<string, Map<string, LiveValue>>();
  readonly agentReadings = new Map<string, number>();
  readonly deviceReadings = new Map<string, number>();
  notes: readonly Note[] = [];
  link: Link = 'connecting';
  /** Whether every page of the list has come. */
  complete = false;
  failure: Error | undefined;
  /** Time of the newest reading of all, ms; 0 before the first. */
  newest = 0;
  /** Readings since the page was opened. */
  readings = 0;
  /** Up by one with each of its kind: screens that show them ask again. */
  alarms = 0;
  commands = 0;
  lifecycles = 0;
  version = 0;
  /** Sorted; made again only when a device comes or goes. */
  private ids: readonly string[] | undefined;
  private ordered: readonly Device[] | undefined;
  private readonly listeners = new Set<() => void>();
  private pending: ReturnType<typeof setTimeout> | undefined;
  private lastId = '';
  private valueCount = 0;
  private noteCount = 0;
  private readonly moved = new Set<string>();
  private stopping = new AbortController();

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** In the order of their ids. */
  list(): readonly Device[] {
    this.ids ??= [...this.devices.keys()].sort();
    return (this.ordered ??= this.ids.flatMap((id) => this.devices.get(id) ?? []));
  }

  start(): void {
    this.stopping = new AbortController();
    void this.load();
    void this.follow(this.stopping.signal);
  }

  stop(): void {
    this.stopping.abort();
  }

  async load(): Promise<void> {
    try {
      let cursor = '';
      const seen = new Set<string>();
      do {
        const page: Items<Device> = await call('GET', `/devices?limit=${PAGE}&fields=${FIELDS}${cursor}`);
        for (const d of page.items) seen.add(d.device_id);
        this.put(page.items);
        cursor = page.next === undefined ? '' : `&cursor=${encodeURIComponent(page.next)}`;
      } while (cursor !== '');
      for (const id of this.devices.keys()) if (!seen.has(id)) this.devices.delete(id);
      this.ids = this.ordered = undefined;
      [this.complete, this.failure] = [true, undefined];
    } catch (error) {
      this.failure = error as Error;
    }
    this.changed();
  }

  put(devices: readonly Device[]): void {
    for (const d of devices) {
      const known = this.devices.get(d.device_id);
      if (!known) this.ids = undefined;
      this.devices.set(d.device_id, { ...known, ...d });
    }
    this.ordered = undefined;
    this.changed();
  }

  private changed(): void {
    this.version++;
    this.pending ??= setTimeout(() => {
      this.pending = undefined;
      for (const listener of this.listeners) listener();
    }, TICK_MS);
  }

  private async follow(stopped: AbortSignal): Promise<void> {
    for (let wait = RETRY_MS; !stopped.aborted; wait = Math.min(MAX_RETRY_MS, wait * 2)) {
      const opened = await this.listen(stopped);
      if (this.link === 'refused' || stopped.aborted) return;
      if (opened) wait = RETRY_MS;
      this.setLink('lost');
      await new Promise((r) => setTimeout(r, wait));
    }
  }

  /** Resolves when the link is gone: whether it had been up. */
  private async listen(stopped: AbortSignal): Promise<boolean> {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    let opened = false;
    try {
      const resume = this.lastId === '' ? {} : { 'last-event-id': this.lastId };
      const signal = AbortSignal.any([stopped, silence.signal]);
      const answer = await fetch('/api/v1/stream', { headers: { ...headers(), ...resume }, signal });
      if (answer.status === 401 || answer.status === 403) {
        this.failure = problemOf(answer.status, await answer.json());
        this.setLink('refused');
        return false;
      }
      if (!answer.ok || !answer.body) return false;
      if (this.link === 'lost') void this.load();
      this.setLink('live');
      opened = true;
      const parser = new EventParser();
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return true;
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        for (const event of parser.feed(value)) this.take(event);
      }
    } catch {
      return opened;
    } finally {
      clearTimeout(timer);
    }
  }

  private setLink(link: Link): void {
    this.link = link;
    this.changed();
  }

  private take({ type, id, data }: ServerEvent): void {
    if (id !== '') this.lastId = id;
    const event = JSON.parse(data) as Record<string, unknown>;
    const device = String(event['device_id'] ?? '');
    if (type === 'reading') this.takeReading(event as unknown as Reading);
    else if (type === 'presence') this.takePresence(device, event as unknown as Presence);
    else if (type === 'lifecycle') this.takeLifecycle(device, event);
    else if (type === 'command') this.takeCommand(device, event);
    else if (type === 'alarm') this.takeAlarm(device, event);
    else if (type === 'gap') void this.load();
    this.changed();
  }

  private takeReading({ device_id, agent_id, series }: Reading): void {
    let metrics = this.values.get(device_id);
    if (!metrics) this.values.set(device_id, (metrics = new Map()));
    let count = 0;
    for (const s of series) {
      const at = Date.parse(s.at);
      count += s.readings;
      const known = metrics.get(s.metric);
      if (known ? known.at > at : this.valueCount >= MAX_VALUES) continue;
      if (!known) this.valueCount++;
      metrics.set(s.metric, { at, value: s.value, quality: s.quality });
      if (at > this.newest) this.newest = at;
    }
    this.readings += count;
    this.agentReadings.set(agent_id, (this.agentReadings.get(agent_id) ?? 0) + count);
    this.deviceReadings.set(device_id, (this.deviceReadings.get(device_id) ?? 0) + count);
  }

  private takePresence(id: string, presence: Presence): void {
    const device = this.devices.get(id);
    if (!device) return;
    const tone = presence.status === 'online' ? 'good' : presence.status === 'offline' ? 'bad' : 'warn';
    if (device.presence?.status !== presence.status) this.note(id, now(), `is ${presence.status}`, tone);
    this.devices.set(id, { ...device, presence });
    this.ordered = undefined;
  }

  private takeLifecycle(id: string, event: Record<string, unknown>): void {
    const { type, actor, reason, at } = event as { type: string; actor: string; reason: string | null; at: string };
    this.lifecycles++;
    this.note(id, Date.parse(at), `${type} by ${actor}${reason ? `: ${reason}` : ''}`, 'plain');
    if (this.moved.size === 0) setTimeout(() => void this.refresh(), REFRESH_MS);
    this.moved.add(id);
  }

  private async refresh(): Promise<void> {
    const ids = [...this.moved];
    this.moved.clear();
    if (ids.length > MAX_SINGLE) return this.load();
    const fetched = ids.map((id) => call<Device>('GET', `${devicePath(id)}?fields=${FIELDS}`));
    this.put((await Promise.allSettled(fetched)).flatMap((r) => (r.status === 'fulfilled' ? [r.value] : [])));
  }

  private takeCommand(id: string, event: Record<string, unknown>): void {
    const { name, transition } = event as { name?: string; transition: { state: string; at: string } };
    this.commands++;
    const tone =
      transition.state === 'verified' ? 'good' : /failed|unknown|expired/.test(transition.state) ? 'bad' : 'plain';
    this.note(id, Date.parse(transition.at), `command ${name ?? ''} ${transition.state}`, tone);
  }

  private takeAlarm(id: string, event: Record<string, unknown>): void {
    const { alarm, active, at, message } = event as { alarm: string; active: boolean; at: string; message: string };
    this.alarms++;
    const text = `alarm ${alarm} ${active ? 'active' : 'cleared'}${message ? `: ${message}` : ''}`;
    this.note(id, Date.parse(at), text, active ? 'bad' : 'good');
  }

  private note(device: string, at: number, text: string, tone: Note['tone']): void {
    const key = String(++this.noteCount);
    this.notes = [{ key, at, device, text, tone }, ...this.notes.slice(0, MAX_NOTES - 1)];
  }
}

export const live = new Live();
