/** What screens are made of: the route, the live plant, and what is asked of the API. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { call, Problem } from './api';
import { now } from './clock';
import { live } from './live';
import { parseRoute, type Route } from './route';
import { session } from './session';

/** Painted again when the plant has something new, at most four times a second. */
export function useLive(): typeof live {
  const [, paint] = useState(0);
  useEffect(() => live.subscribe(() => paint((n) => n + 1)), []);
  return live;
}

/** Server time, at so many ms. */
export function useNow(every_ms = 1_000): number {
  const [at, set] = useState(now());
  useEffect(() => {
    const timer = setInterval(() => set(now()), every_ms);
    return () => clearInterval(timer);
  }, [every_ms]);
  return at;
}

const here = (): Route => parseRoute(location.pathname, location.search);
const routeListeners = new Set<() => void>();

/** `replace`: what is typed into a filter is no step back. */
export function go(path: string, replace = false): void {
  history[replace ? 'replaceState' : 'pushState'](null, '', path);
  for (const listener of routeListeners) listener();
}

export function useRoute(): Route {
  const [route, set] = useState(here);
  useEffect(() => {
    const listener = (): void => set(here());
    routeListeners.add(listener);
    addEventListener('popstate', listener);
    return () => {
      routeListeners.delete(listener);
      removeEventListener('popstate', listener);
    };
  }, []);
  return route;
}

export interface Loaded<T> {
  readonly value: T | undefined;
  readonly error: Problem | undefined;
  /** Ask again now. */
  readonly again: () => void;
}

/** What the stream has told is in SQL a moment later: lists of it are asked for again after this time, ms. */
export const SQL_LATE_MS = 5_000;

/** Asks once, again when `key` changes, and every so often; what was known stays while it is asked anew. */
export function useLoad<T>(path: string | undefined, key: unknown = 0, every_ms = 0): Loaded<T> {
  const [state, set] = useState<{ path?: string; value?: T; error?: Problem }>({});
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((n) => n + 1), []);
  useEffect(() => {
    if (path === undefined) return;
    const abort = new AbortController();
    call<T>('GET', path, undefined, abort.signal).then(
      (value) => set({ path, value }),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        if (error instanceof Problem && error.status === 401) session.refused();
        set((before) => ({ ...(before.path === path ? before : { path }), error: error as Problem }));
      },
    );
    return () => abort.abort();
  }, [path, key, turn]);
  useEffect(() => {
    if (every_ms === 0) return;
    const timer = setInterval(() => document.hidden || again(), every_ms);
    return () => clearInterval(timer);
  }, [every_ms, again]);
  const mine = state.path === path;
  return { value: mine ? state.value : undefined, error: mine ? state.error : undefined, again };
}

export interface Attempt {
  readonly busy: boolean;
  readonly error: Error | undefined;
  /** Resolves to whether it went well. */
  readonly run: (action: () => Promise<unknown>) => Promise<boolean>;
}

/** One action at a time, and what went wrong with it. */
export function useAttempt(): Attempt {
  const [state, set] = useState<{ busy: boolean; error: Error | undefined }>({ busy: false, error: undefined });
  const mounted = useRef(true);
  useEffect(() => () => void (mounted.current = false), []);
  const run = async (action: () => Promise<unknown>): Promise<boolean> => {
    set({ busy: true, error: undefined });
    const error = await action().then(
      () => undefined,
      (e: unknown) => e as Error,
    );
    if (mounted.current) set({ busy: false, error });
    return error === undefined;
  };
  return { ...state, run };
}
