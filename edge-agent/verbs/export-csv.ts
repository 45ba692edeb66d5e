/** `agent export-csv`: the points of a model or a device as a tag list. */
import { type Env } from '../core/profile/document';
import { pointsToCsv } from '../core/profile/points-to-csv';
import { problemText } from '../core/profile/problem';
import { type PointSection, type Profile } from '../core/profile/types';
import { checkedProfile, ProfileError, profileOnDisk } from '../profile-file';
import { type Output } from './validate';

/** Exit code: 0 printed, 1 when the profile is not valid or it is not clear whose points are meant. */
export function exportCsv(file: string, env: Env, of: string | undefined, output: Output): number {
  let profile: Profile;
  try {
    profile = checkedProfile(profileOnDisk(file), env);
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    output.err(error.problems.map(problemText).join('\n'));
    return 1;
  }
  const lists = pointLists(profile);
  const [only] = lists.size === 1 ? lists.keys() : [];
  const points = lists.get(of ?? only ?? '');
  if (!points) {
    const names = [...lists.keys()].join(', ');
    output.err(of === undefined ? `whose points? --of one of ${names}` : `no points of ${of}: there are ${names}`);
    return 1;
  }
  const { csv, leftOut } = pointsToCsv(points);
  output.out(csv.trimEnd());
  for (const what of leftOut) output.err(`left out, a tag list has no column for it: ${what}`);
  return 0;
}

/** By name; a device of the name of a model comes first. */
function pointLists(profile: Profile): ReadonlyMap<string, readonly PointSection[]> {
  const models = Object.entries(profile.models ?? {}).map(([name, m]) => [name, m.points ?? []] as const);
  const devices = profile.devices.map((d) => [d.id, d.points ?? []] as const);
  return new Map([...models, ...devices].filter(([, points]) => points.length > 0));
}
