/** Points from elsewhere put into the text of a profile, whose comments and order stay as they are. Pure. */
import { type Document, isMap, isSeq, parseDocument } from 'yaml';
import { parseEde } from './adapters/bacnet/ede';
import { pointsFromCsv } from './core/profile/points-csv';
import { pointsOfDbc } from './core/profile/points-dbc';
import { problemText } from './core/profile/problem';

/** Where they come from: what was found by browsing, or a file of another tool. */
export type PointSource =
  | { readonly kind: 'points'; readonly points: readonly Section[] }
  | { readonly kind: 'devices'; readonly devices: readonly Section[] }
  | { readonly kind: 'csv' | 'ede' | 'dbc'; readonly text: string };

type Section = Readonly<Record<string, unknown>>;

export interface PointsRequest {
  readonly profile: string;
  /** Of the profile. */
  readonly connection: string;
  /** Made when it is not there. An EDE file names its own. */
  readonly device: string;
  readonly source: PointSource;
}

export interface WithPoints {
  readonly profile: string;
  readonly added: { readonly devices: number; readonly points: number };
  /** What was not put in, with the reason. */
  readonly left_out: readonly string[];
}

/** The text cannot be worked on, or nothing can be made of the source. */
export class PointsError extends Error {
  readonly code = 'points';
}

/** A device with the points it is to have. */
interface Wanted {
  readonly device: Section & { readonly id: string };
  readonly points: readonly Section[];
}

/** MQTT: a point found in a topic brings its subscription along. */
const SUBSCRIPTION = 'subscription';

/** Throws PointsError. A metric that the device has already is left out, and said so. */
export function withPoints({ profile, connection, device, source }: PointsRequest): WithPoints {
  const document = parseDocument(profile);
  const [broken] = document.errors;
  if (broken) throw new PointsError(`the profile is no YAML: ${broken.message}`);
  if (!isMap(document.contents))
    throw new PointsError('the profile is empty: it needs an agent and a connection first');
  const { wanted, leftOut } = wantedOf(source, { id: device, connection });
  const told = [...leftOut];
  let [devices, points] = [0, 0];
  for (const { device: section, points: list } of wanted) {
    const at = placeOf(document, section, () => devices++);
    const taken = metricsAt(document, at);
    for (const { [SUBSCRIPTION]: subscription, ...point } of list) {
      if (subscription !== undefined) subscribe(document, connection, subscription as Section);
      if (taken.has(point['metric'])) {
        told.push(`${section.id}/${String(point['metric'])}: the device has it already`);
        continue;
      }
      taken.add(point['metric']);
      append(document, [...at, 'points'], point);
      points++;
    }
  }
  return { profile: read(() => document.toString({ lineWidth: 120 })), added: { devices, points }, left_out: told };
}

function wantedOf(
  source: PointSource,
  device: { readonly id: string; readonly connection: string },
): { wanted: readonly Wanted[]; leftOut: readonly string[] } {
  const one = (points: readonly object[]): readonly Wanted[] => {
    if (device.id === '') throw new PointsError('name the device that the points are of');
    return [{ device, points: points as readonly Section[] }];
  };
  const { connection } = device;
  switch (source.kind) {
    case 'points':
      return { wanted: one(source.points), leftOut: [] };
    case 'devices':
      return { wanted: source.devices.map((d) => ({ device: { ...named(d), connection }, points: [] })), leftOut: [] };
    case 'csv': {
      const { points, problems } = pointsFromCsv('tags.csv', source.text);
      if (problems.length > 0) throw new PointsError(problems.map(problemText).join('\n'));
      return { wanted: one(points.map((p) => p.section)), leftOut: [] };
    }
    case 'dbc': {
      const { points, leftOut } = read(() => pointsOfDbc(source.text, []));
      return { wanted: one(points), leftOut };
    }
    case 'ede': {
      const { devices, leftOut } = read(() => parseEde(source.text));
      const wanted = devices.map(({ instance, points }) => ({
        device: { id: `bacnet-${instance}`, connection, bacnet: { instance } },
        points: points as unknown as readonly Section[],
      }));
      return { wanted, leftOut };
    }
  }
}

function named(device: Section): Section & { readonly id: string } {
  const { id } = device;
  if (typeof id !== 'string') throw new PointsError('a device needs an id');
  return { ...device, id };
}

function read<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new PointsError((cause as Error).message, { cause });
  }
}

type Place = readonly (string | number)[];

/** Where the device stands; put there when it is new. */
function placeOf(document: Document, device: Section & { readonly id: string }, onNew: () => void): Place {
  const devices = listAt(document, ['devices']);
  const at = devices.findIndex((d) => d?.['id'] === device.id);
  if (at >= 0) return ['devices', at];
  onNew();
  append(document, ['devices'], device);
  return ['devices', devices.length];
}

const metricsAt = (document: Document, at: Place): Set<unknown> =>
  new Set(listAt(document, [...at, 'points']).map((p) => p?.['metric']));

function subscribe(document: Document, connection: string, subscription: Section): void {
  const at = listAt(document, ['connections']).findIndex((c) => c?.['name'] === connection);
  if (at < 0) throw new PointsError(`the profile has no connection ${connection}`);
  const place = ['connections', at, 'mqtt', 'subscriptions'];
  const there = listAt(document, place).some((s) => JSON.stringify(s) === JSON.stringify(subscription));
  if (!there) append(document, place, subscription);
}

/** What stands in a list may be anything: the profile is not valid yet. */
function listAt(document: Document, place: Place): readonly (Section | null)[] {
  const node = document.getIn(place, true);
  return isSeq(node) ? read(() => node.toJS(document) as readonly (Section | null)[]) : [];
}

function append(document: Document, place: Place, section: Section): void {
  read(() => {
    if (isSeq(document.getIn(place, true))) document.addIn(place, document.createNode(section));
    else document.setIn(place, document.createNode([section]));
  });
}
