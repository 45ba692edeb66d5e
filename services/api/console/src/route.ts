/** Addresses of screens: what a link says is what is shown. Pure. */

export interface Route {
  /** First part of the path: overview, devices, ... */
  readonly screen: string;
  /** The parts after it. */
  readonly rest: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

export function parseRoute(path: string, search: string): Route {
  const [screen = '', ...rest] = path
    .split('/')
    .filter((p) => p !== '')
    .map(decoded);
  return { screen: screen === '' ? 'overview' : screen, rest, query: Object.fromEntries(new URLSearchParams(search)) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Parameters that are empty or undefined are left out. */
export function pathOf(parts: readonly string[], query: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(query).filter((e): e is [string, string] => e[1] !== undefined && e[1] !== '');
  const search = new URLSearchParams(given).toString();
  return `/${parts.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`;
}
