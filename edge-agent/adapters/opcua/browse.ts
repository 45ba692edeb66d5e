/** What a server has, as points of a profile. */
import { type PointSection, type PointType } from '../../core/profile/types';
import { UaType, type UaValue } from './codec';
import { type UaLink, type UaNode } from './link';
import { chunks } from './plan';
import { type NodeName, nodeIdOf, nodeText } from './settings';

export interface BrowseBounds {
  /** Levels below the node it starts from. */
  readonly depth: number;
  /** Variables found. */
  readonly max: number;
}

export interface Browsed {
  readonly points: readonly Pick<PointSection, 'metric' | 'node' | 'type'>[];
  /** What no point can be made of, with the reason. */
  readonly leftOut: readonly string[];
  /** There was more than `max`. */
  readonly cut: boolean;
}

const OBJECTS: NodeName = { namespace: 'http://opcfoundation.org/UA/', id: 'i=85' };
/** The server describes itself at length: hundreds of nodes that say nothing of the plant. */
const SERVER = 'i=2253';
/** Objects looked into for one variable that is wanted: a tree of folders without variables ends somewhere. */
const MAX_OBJECTS = 20_000;

interface Found {
  readonly node: string;
  readonly path: readonly string[];
}

/** Breadth first, so that a bound cuts what lies deepest. */
export async function browse(link: UaLink, start: NodeName | undefined, bounds: BrowseBounds): Promise<Browsed> {
  const root = nodeIdOf(start ?? OBJECTS, link.namespaces);
  if (root === undefined) throw new Error(`the server has no namespace ${start?.namespace}`);
  const variables: Found[] = [];
  const seen = new Set([root]);
  let level: Found[] = [{ node: root, path: [] }];
  for (let depth = 0; depth < bounds.depth && level.length > 0 && variables.length <= bounds.max; depth++) {
    const next: Found[] = [];
    for (const { node, path } of level)
      for (const child of await link.browse(node, bounds.max + 1)) {
        if (isOwn(child) || seen.has(child.node) || seen.size > MAX_OBJECTS) continue;
        seen.add(child.node);
        (child.isVariable ? variables : next).push({ node: child.node, path: [...path, child.name] });
      }
    level = next;
  }
  const kept = variables.slice(0, bounds.max);
  return { ...(await described(link, kept)), cut: variables.length > bounds.max };
}

const isOwn = ({ node }: UaNode): boolean => node === SERVER || node === `ns=0;${SERVER}`;

async function described(link: UaLink, found: readonly Found[]): Promise<Omit<Browsed, 'cut'>> {
  const points: Browsed['points'][number][] = [];
  const leftOut: string[] = [];
  const names = new Set<string>();
  for (const part of chunks(found, link.limits.read)) {
    const values = await link.read(
      part.map((f) => f.node),
      READ_TIMEOUT_MS,
    );
    part.forEach(({ node, path }, i) => {
      const type = values[i] && typeOf(values[i]);
      const name = nameOf(node, link.namespaces);
      if (!type || !name)
        return leftOut.push(`${path.join('/')}: ${values[i]?.array ? 'an array' : 'no single value'}`);
      return points.push({ metric: unique(metricOf(path), names), node: nodeText(name), type });
    });
  }
  return { points, leftOut };
}

const READ_TIMEOUT_MS = 10_000;

function nameOf(node: string, namespaces: readonly string[]): NodeName | undefined {
  const [, index, id] = /^(?:ns=(\d+);)?([isgb]=[^]*)$/.exec(node) ?? [];
  const namespace = namespaces[Number(index ?? 0)];
  return id === undefined || namespace === undefined ? undefined : { namespace, id };
}

const TYPES: Readonly<Record<number, PointType>> = {
  [UaType.boolean]: 'bool',
  [UaType.sbyte]: 'int16',
  [UaType.byte]: 'uint16',
  [UaType.int16]: 'int16',
  [UaType.uint16]: 'uint16',
  [UaType.int32]: 'int32',
  [UaType.uint32]: 'uint32',
  [UaType.int64]: 'int64',
  [UaType.uint64]: 'uint64',
  [UaType.float]: 'float32',
  [UaType.double]: 'float64',
  [UaType.string]: 'string',
  [UaType.dateTime]: 'string',
  [UaType.byteString]: 'string',
  [UaType.localizedText]: 'string',
};

const typeOf = ({ type, array }: UaValue): PointType | undefined => (array ? undefined : TYPES[type]);

const MAX_METRIC = 128;

/** The path of browse names as a metric: what a metric may not hold becomes an underscore. */
export function metricOf(path: readonly string[]): string {
  const text = path
    .join('.')
    .replace(/[^A-Za-z0-9_.-]+/g, '_')
    .replace(/^[^A-Za-z_]/, '_$&');
  return text.length <= MAX_METRIC ? text : `_${text.slice(-(MAX_METRIC - 1))}`;
}

function unique(metric: string, taken: Set<string>): string {
  let name = metric;
  for (let n = 2; taken.has(name); n++) name = `${metric.slice(0, MAX_METRIC - 8)}_${n}`;
  taken.add(name);
  return name;
}
