/** The API as the screens call it, with the credential that the viewer gave. */
import { noteServerDate } from './clock';

const TOKEN_KEY = 'millrace-token';

export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly code: string,
    readonly errors: readonly { readonly path?: string; readonly message?: string; readonly line?: number }[] = [],
  ) {
    super(message);
    this.name = 'Problem';
  }
}

/** A token in the address's fragment is never sent to a server; it is taken out of the address at once. */
export function tokenFromAddress(): void {
  const given = /(?:^#|&)token=([^&]+)/.exec(location.hash)?.[1];
  if (given === undefined) return;
  signIn(decodeURIComponent(given));
  history.replaceState(null, '', location.pathname + location.search);
}

export const signIn = (token: string): void => sessionStorage.setItem(TOKEN_KEY, token);
export const signOut = (): void => sessionStorage.removeItem(TOKEN_KEY);
export const hasToken = (): boolean => sessionStorage.getItem(TOKEN_KEY) !== null;

export function headers(): Record<string, string> {
  const token = sessionStorage.getItem(TOKEN_KEY);
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** Browsers make UUIDs only for pages that came over TLS or from this machine; random bytes they always make. */
const newKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Throws Problem for what the API refuses, and with status 0 when it cannot be reached. */
export async function call<T>(
  method: Method,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
  more: Readonly<Record<string, string>> = {},
): Promise<T> {
  const answer = await reach(path, {
    method,
    headers: {
      ...headers(),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(method !== 'GET' && { 'idempotency-key': newKey() }),
      ...more,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  });
  const text = await answer.text();
  const value: unknown = text === '' ? {} : JSON.parse(text);
  if (answer.ok) return value as T;
  throw problemOf(answer.status, value);
}

async function reach(path: string, request: RequestInit): Promise<Response> {
  try {
    const answer = await fetch(`/api/v1${path}`, request);
    noteServerDate(answer.headers.get('date'));
    return answer;
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    throw new Problem(0, 'The platform does not answer. What you see may be old.', 'unreachable');
  }
}

export function problemOf(status: number, value: unknown): Problem {
  const { detail, title, code, errors } = value as Partial<Record<string, unknown>>;
  const text = typeof detail === 'string' && detail !== '' ? detail : String(title ?? `HTTP ${status}`);
  return new Problem(status, text, String(code ?? ''), Array.isArray(errors) ? (errors as Problem['errors']) : []);
}

export const devicePath = (id: string): string => `/devices/${encodeURIComponent(id)}`;
