/** One round of the canary: a command to the field and back, and the value it wrote, found as a reading in SQL. */

export interface CanaryApi {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
}

export interface Clock {
  /** ms since 1970. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

export interface Round {
  readonly device: string;
  /** Another one than the last round's, so that the reading cannot be an old one. */
  readonly setpoint: number;
  /** For the whole round. */
  readonly timeout_ms: number;
}

export interface Measured {
  /** From the request to the verified outcome, as a client sees it. */
  readonly command_s: number;
  /** From the verified outcome to the reading in SQL; 0 when it was there first. */
  readonly reading_s: number;
}

export type CanaryErrorCode = 'command-failed' | 'command-late' | 'reading-late';

export class CanaryError extends Error {
  constructor(
    readonly code: CanaryErrorCode,
    message: string,
    readonly hint: string,
  ) {
    super(`${code}: ${message}`);
    this.name = 'CanaryError';
  }
}

interface Command {
  readonly command_id: string;
  readonly state: string;
  readonly detail?: string;
}

interface Page {
  readonly items: readonly { readonly value: number | null }[];
}

const LOOK_EVERY_MS = 250;
const BAD_ENDS = new Set(['failed', 'expired', 'cancelled', 'outcome-unknown']);

/** Throws CanaryError when the outcome or the reading is bad or late, and what the API throws. */
export async function round(api: CanaryApi, clock: Clock, { device, setpoint, timeout_ms }: Round): Promise<Measured> {
  const begun = clock.now();
  const end = begun + timeout_ms;
  const path = `/devices/${encodeURIComponent(device)}`;
  const body = { name: 'set-setpoint', args: { value: setpoint }, timeout_ms };
  const { command_id: id } = await api.post<Command>(`${path}/commands`, body);
  await until(clock, end, 'command-late', `command ${id} has no outcome`, async () => {
    const { state, detail } = await api.get<Command>(`/commands/${encodeURIComponent(id)}`);
    if (BAD_ENDS.has(state))
      throw new CanaryError('command-failed', `command ${id} is ${state}: ${detail ?? ''}`, 'look at worker and agent');
    return state === 'verified';
  });
  const verified = clock.now();
  const from = encodeURIComponent(new Date(begun).toISOString());
  await until(clock, end, 'reading-late', `setpoint ${setpoint} of ${device} is not in SQL`, async () => {
    const { items } = await api.get<Page>(`${path}/readings?metric=setpoint&limit=5&from=${from}`);
    return items.some(({ value }) => value === setpoint);
  });
  return { command_s: (verified - begun) / 1_000, reading_s: (clock.now() - verified) / 1_000 };
}

async function until(
  clock: Clock,
  end: number,
  code: CanaryErrorCode,
  late: string,
  done: () => Promise<boolean>,
): Promise<void> {
  while (!(await done())) {
    if (clock.now() >= end)
      throw new CanaryError(code, late, 'look at lag, outbox and dead letters (deploy/runbooks/README.md)');
    await clock.sleep(LOOK_EVERY_MS);
  }
}

const LOW = 40;
const HIGH = 80;

/** Setpoints of rounds one after the other: whole degrees that all differ from the one before. */
export const setpointOf = (n: number): number => LOW + (n % (HIGH - LOW));
