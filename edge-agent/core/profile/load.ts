/** Text of a profile to a validated profile, or to everything that is wrong with it. Pure: files come in as a function. */
import { Ajv, type ValidateFunction } from 'ajv';
import { type Env, ProfileDocument } from './document';
import { withFenceFile } from './geofence-file';
import { pointsFromCsv } from './points-csv';
import { withDbc } from './points-dbc';
import { type Issue, type Path, type Place, type Problem, problem } from './problem';
import { issuesOf } from './schema-issues';
import { type DeviceDefaults, type PointSection, type Profile } from './types';

export interface ProfileSource {
  readonly file: string;
  readonly text: string;
  readonly env: Env;
  /** profile.schema.json */
  readonly schema: object;
  /** Text of a file named in the profile, relative to it. Throws when it cannot be read. */
  readonly readFile: (name: string) => string;
}

export interface LoadedProfile {
  readonly profile: Profile;
  /** Where a path of the profile stands, also when a tag list brought it in. */
  place(path: Path, atKey?: boolean): Place;
}

export type LoadResult =
  { readonly ok: true; readonly loaded: LoadedProfile } | { readonly ok: false; readonly problems: readonly Problem[] };

const MAX_PROBLEMS = 100;

export function loadProfile(source: ProfileSource): LoadResult {
  const document = ProfileDocument.parse(source.file, source.text, source.env);
  if (document.problems.length > 0) return failure(document.problems);
  let data: unknown;
  try {
    data = document.data();
  } catch (e) {
    const expected = `fewer repetitions: ${(e as Error).message}`;
    return failure([problem({ path: [], value: undefined, expected }, document.place([]))]);
  }
  const validate = validators(source.schema);
  if (!validate.profile(data)) return failure(problemsOf(issuesOf(validate.profile.errors ?? [], [], data), document));
  const fenced = withFenceFile(data as Profile, source.readFile, document.place(['geofences', 'file']));
  if (fenced.problems.length > 0) return failure(fenced.problems);
  return withTagLists(fenced.profile, document, source, validate.point);
}

interface Validators {
  readonly profile: ValidateFunction;
  readonly point: ValidateFunction;
}

/** Compiling the schema takes longer than everything else here: once per schema. */
const compiled = new WeakMap<object, Validators>();

function validators(schema: object): Validators {
  const known = compiled.get(schema);
  if (known) return known;
  const ajv = new Ajv({ allErrors: true, verbose: true, strict: false });
  const profile = ajv.compile(schema);
  const point = ajv.getSchema(`${(schema as { $id: string }).$id}#/definitions/point`) as ValidateFunction | undefined;
  if (!point) throw new Error('profile.schema.json has no definition of a point');
  const made = { profile, point };
  compiled.set(schema, made);
  return made;
}

function withTagLists(
  profile: Profile,
  document: ProfileDocument,
  source: ProfileSource,
  validPoint: ValidateFunction,
): LoadResult {
  const places = new Map<string, Place>();
  const problems: Problem[] = [];
  const expand = <T extends DeviceDefaults>(given: T, path: Path): T => {
    const { section, problem: unread } = withDbc(given, source.readFile, document.place([...path, 'points_dbc']));
    if (unread) problems.push(unread);
    if (section.points_csv === undefined) return section;
    const read = readTagList(section.points_csv, source, document.place([...path, 'points_csv']), validPoint);
    problems.push(...read.problems);
    const own = section.points ?? [];
    read.places.forEach((place, i) => places.set(key([...path, 'points', own.length + i]), place));
    return { ...section, points: [...own, ...read.points] };
  };
  const models = Object.entries(profile.models ?? {}).map(([n, m]) => [n, expand(m, ['models', n])] as const);
  const devices = profile.devices.map((device, i) => expand(device, ['devices', i]));
  if (problems.length > 0) return failure(problems);
  const place = (path: Path, atKey?: boolean): Place => {
    const points = path.indexOf('points');
    return (points > 0 && places.get(key(path.slice(0, points + 2)))) || document.place(path, atKey);
  };
  return { ok: true, loaded: { profile: { ...profile, models: Object.fromEntries(models), devices }, place } };
}

const key = (path: Path): string => JSON.stringify(path);

function readTagList(
  name: string,
  source: ProfileSource,
  at: Place,
  valid: ValidateFunction,
): { points: PointSection[]; places: Place[]; problems: Problem[] } {
  let text: string;
  try {
    text = source.readFile(name);
  } catch (e) {
    const expected = `a readable file: ${(e as Error).message}`;
    return { points: [], places: [], problems: [problem({ path: ['points_csv'], value: name, expected }, at)] };
  }
  const { points, problems } = pointsFromCsv(name, text);
  for (const { section, place } of problems.length > 0 ? [] : points)
    if (!valid(section)) problems.push(...issuesOf(valid.errors ?? [], [], section).map((i) => problem(i, place)));
  return {
    points: points.map((p) => p.section as unknown as PointSection),
    places: points.map((p) => p.place),
    problems,
  };
}

/** Issues at their places, in the order of the file. */
export function problemsOf(issues: readonly Issue[], where: Pick<LoadedProfile, 'place'>): Problem[] {
  return issues.map((i) => problem(i, where.place(i.path, i.atKey))).sort((a, b) => a.line - b.line);
}

function failure(problems: readonly Problem[]): LoadResult {
  return { ok: false, problems: problems.slice(0, MAX_PROBLEMS) };
}
