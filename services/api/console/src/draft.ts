/** What a profile that is being written says of its connections and devices, before it is valid. Pure. */
import { OPEN_VARIABLE } from '../../../../schemas/probe';

export interface DraftConnection {
  readonly name: string;
  readonly protocol: string;
}

/** By the lines of the text: a draft that no parser takes yet still has them. */
export function connectionsIn(text: string): readonly DraftConnection[] {
  const found: { name: string; protocol: string }[] = [];
  for (const item of itemsOf(text, 'connections')) {
    const name = valueOf(item, 'name');
    if (name !== '') found.push({ name, protocol: valueOf(item, 'protocol') });
  }
  return found;
}

export const devicesIn = (text: string): readonly string[] =>
  itemsOf(text, 'devices').flatMap((item) => valueOf(item, 'id') || []);

/** Variables it refers to that the agent fills in for a file of its own only: here they take their default. */
export const closedVariables = (text: string): readonly string[] => [
  ...new Set(
    [...text.matchAll(/\$\{([A-Za-z_]\w*)/g)].flatMap(([, name = '']) => (OPEN_VARIABLE.test(name) ? [] : [name])),
  ),
];

/** Texts of the entries of a list at the top, each from its dash to the next of the same depth. */
function itemsOf(text: string, list: string): readonly string[] {
  const section = new RegExp(`^${list}:(.*(?:\\n(?:[ \\t-].*|#.*|))*)`, 'm').exec(text)?.[1] ?? '';
  const dash = /^([ \t]*)- /m.exec(section)?.[1];
  if (dash === undefined) return section.split(/(?<=\}),/);
  return section.split(new RegExp(`^${dash}- `, 'm')).slice(1);
}

/** Of the first `key:` of an entry, without quotes. */
const valueOf = (item: string, key: string): string =>
  new RegExp(`(?:^|[\\s{,[])${key}:[ \\t]*['"]?([^'",}\\n#]*)`).exec(item)?.[1]?.trim() ?? '';

export type ImportKind = 'csv' | 'ede' | 'dbc';

/** By a file's name: lists of objects are named so by those who hand them over, and end in .csv as tag lists do. */
export function importKind(name: string): ImportKind {
  const lower = name.toLowerCase();
  if (lower.endsWith('.dbc')) return 'dbc';
  return /(^|[^a-z])ede([^a-z]|$)/.test(lower) ? 'ede' : 'csv';
}

export interface DraftProps {
  readonly agent: string;
  readonly text: string;
  readonly edit: (text: string) => void;
}

/** What the shown command lines call the draft. */
export const FILE = 'my-plant.yaml';
/** The role that asks an agent, and writes profiles. */
export const ROLE = 'engineer';
export const at = (agent: string): string => `/agents/${encodeURIComponent(agent)}`;
/** Names that are shown of a long list. */
export const LISTED = 20;
