/** Hours in which devices may be acted on, by the clock where each of them is. Pure: time and zone come in. */

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof DAYS)[number];

export interface TimeWindow {
  /** Wall time `HH:MM`, inclusive. */
  readonly from: string;
  /** Wall time `HH:MM`, exclusive; before `from`: of the next day. */
  readonly to: string;
  /** Days on which it opens; absent: all. */
  readonly days?: readonly Day[];
  /** IANA name, for devices that do not say where they are. */
  readonly time_zone: string;
}

/** Label of a device that names its zone. */
export const ZONE_LABEL = 'time_zone';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
/** Clocks are put forward or back by less, so that nothing is jumped over. */
const NEAR_MINUTES = 120;
/** Farthest look ahead: a window of one day a week that falls into the hour left out in spring comes a week later. */
const HORIZON_MS = 15 * DAY_MINUTES * MINUTE_MS;

const clocks = new Map<string, Intl.DateTimeFormat>();
/** Zones whose clock is kept ready; there are some 600. */
const MAX_CLOCKS = 1_000;

/** What is wrong with it, in words; undefined when nothing is. */
export function windowFault({ from, to, time_zone }: TimeWindow): string | undefined {
  if (from === to) return 'a window that ends when it begins is never open: leave it out if every hour will do';
  return isZone(time_zone) ? undefined : `${time_zone} is no time zone: give a name such as Europe/Vienna`;
}

/** Whether a device in the zone may be begun now. An hour that comes twice, when clocks go back, is inside both times. */
export function isOpen(window: TimeWindow, zone: string, at: number): boolean {
  const { day, minute } = wallTime(zone, at);
  const [from, to] = [minuteOf(window.from), minuteOf(window.to)];
  const opens = (on: number): boolean => !window.days || window.days.includes(DAYS[(on + 7) % 7] as Day);
  if (from < to) return from <= minute && minute < to && opens(day);
  return (minute >= from && opens(day)) || (minute < to && opens(day - 1));
}

/** Time until it opens next in the zone, ms; 0 while it is open. Where it does not open for 15 days: 15 days, to look again. */
export function opensIn_ms(window: TimeWindow, zone: string, at: number): number {
  if (isOpen(window, zone, at)) return 0;
  const from = minuteOf(window.from);
  for (let t = MINUTE_MS * (Math.floor(at / MINUTE_MS) + 1); t < at + HORIZON_MS;) {
    if (isOpen(window, zone, t)) return t - at;
    const left = (from - wallTime(zone, t).minute + DAY_MINUTES) % DAY_MINUTES;
    t += MINUTE_MS * Math.max(1, left - NEAR_MINUTES);
  }
  return HORIZON_MS;
}

/** The device's own zone where it names one that there is, the window's otherwise. */
export const zoneOf = (window: TimeWindow, named: string | undefined): string =>
  named !== undefined && isZone(named) ? named : window.time_zone;

function isZone(name: string): boolean {
  try {
    return clockOf(name) !== undefined;
  } catch {
    return false;
  }
}

const minuteOf = (wall: string): number => 60 * Number(wall.slice(0, 2)) + Number(wall.slice(3));

/** Day of the week, 0 is Monday, and minute of the day. */
function wallTime(zone: string, at: number): { readonly day: number; readonly minute: number } {
  const parts = new Map(
    clockOf(zone)
      .formatToParts(at)
      .map((p) => [p.type, p.value]),
  );
  const day = DAYS.indexOf((parts.get('weekday') ?? '').toLowerCase() as Day);
  return { day, minute: 60 * Number(parts.get('hour')) + Number(parts.get('minute')) };
}

/** Throws RangeError for what is no zone. */
function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone);
  if (known) return known;
  const parts = { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const made = new Intl.DateTimeFormat('en-US', { timeZone: zone, ...parts });
  if (clocks.size >= MAX_CLOCKS) clocks.clear();
  clocks.set(zone, made);
  return made;
}
