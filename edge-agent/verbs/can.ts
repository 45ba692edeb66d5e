/** `agent import-dbc`: the signals of a DBC file. */
import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { pointsOfDbc } from '../core/profile/points-dbc';
import { type Output } from './validate';

/** Exit code: 0 when points came of it. */
export function importDbc(file: string, messages: readonly string[], output: Output): number {
  const { points, leftOut } = pointsOfDbc(readFileSync(file, 'utf8'), messages);
  if (points.length > 0) output.out(stringify({ points }).trimEnd());
  for (const reason of leftOut) output.err(`left out: ${reason}`);
  output.err(`${points.length} points`);
  return points.length > 0 ? 0 : 1;
}
