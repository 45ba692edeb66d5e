/** A supervised process's states and when it is started again; pure. */

export type ProcessState =
  'waiting' | 'starting' | 'ready' | 'unready' | 'restarting' | 'stopping' | 'stopped' | 'failed';

export const FIRST_RESTART_DELAY_MS = 250;
export const MAX_RESTART_DELAY_MS = 10_000;
/** Deaths in a row that a process that was never ready is allowed: after them something is wrong with it, not with chance. */
export const MAX_FAILED_STARTS = 4;
/** After this long ready, earlier deaths no longer count. */
export const STABLE_AFTER_MS = 60_000;

export interface Life {
  readonly state: ProcessState;
  /** Times it was started again after it died, since the launcher began. */
  readonly restarts: number;
  /** Deaths without a stable time in between. */
  readonly deaths: number;
  readonly everReady: boolean;
  readonly since_ms: number;
  /** Why it is not ready. */
  readonly reason?: string;
}

export type LifeEvent =
  | { readonly type: 'started'; readonly at_ms: number }
  | { readonly type: 'probed'; readonly at_ms: number; readonly reason: string | undefined }
  | { readonly type: 'exited'; readonly at_ms: number; readonly reason: string }
  | { readonly type: 'stopping'; readonly at_ms: number }
  | { readonly type: 'stopped'; readonly at_ms: number };

export const initialLife = (at_ms: number): Life => ({
  state: 'waiting',
  restarts: 0,
  deaths: 0,
  everReady: false,
  since_ms: at_ms,
});

export function evolve(life: Life, event: LifeEvent): Life {
  const { reason: _dropped, ...rest } = life;
  switch (event.type) {
    case 'started': {
      const restarts = life.state === 'restarting' ? life.restarts + 1 : life.restarts;
      return { ...rest, restarts, state: 'starting', since_ms: event.at_ms };
    }
    case 'probed':
      return probed(life, event.at_ms, event.reason);
    case 'exited':
      return exited(life, event.at_ms, event.reason);
    case 'stopping':
      return { ...rest, state: 'stopping', since_ms: event.at_ms };
    case 'stopped':
      return { ...rest, state: 'stopped', since_ms: event.at_ms };
    default:
      return event satisfies never;
  }
}

function probed(life: Life, at_ms: number, reason: string | undefined): Life {
  const { reason: _dropped, ...rest } = life;
  if (reason === undefined)
    return life.state === 'ready' ? rest : { ...rest, state: 'ready', everReady: true, since_ms: at_ms };
  if (life.state === 'ready') return { ...rest, state: 'unready', since_ms: at_ms, reason };
  return { ...rest, reason };
}

function exited(life: Life, at_ms: number, reason: string): Life {
  if (life.state === 'stopping' || life.state === 'stopped') return { ...life, state: 'stopped', since_ms: at_ms };
  const stable = life.state === 'ready' && at_ms - life.since_ms >= STABLE_AFTER_MS;
  const deaths = stable ? 1 : life.deaths + 1;
  const hopeless = !life.everReady && deaths >= MAX_FAILED_STARTS;
  return { ...life, deaths, state: hopeless ? 'failed' : 'restarting', since_ms: at_ms, reason };
}

/** Pause before the next start: doubles with each death in a row, up to MAX_RESTART_DELAY_MS. */
export function restartDelay_ms(deaths: number): number {
  return Math.min(FIRST_RESTART_DELAY_MS * 2 ** Math.max(0, deaths - 1), MAX_RESTART_DELAY_MS);
}
