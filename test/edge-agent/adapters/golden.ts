/**
 * Golden cases of an adapter: test/golden/<adapter>/<case>/ holds profile.yaml, a file of inputs and expected.json: what each means,
 * beside why it is there. GOLDEN=write makes expected.json anew: read it before you commit it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentPlan } from '../../../edge-agent/core/compile/plan';
import { readPlan } from '../../../edge-agent/profile-file';
import { projectRoot } from '../../../schemas/root';

/** A time that stands for the arrival. */
export const ARRIVAL = 1_700_000_100_000;

interface Content {
  readonly text?: string;
  /** Blanks ignored. */
  readonly hex?: string;
  /** A text again and again, where what is long matters. */
  readonly times?: number;
}

export const bytesOf = ({ text, hex, times = 1 }: Content): Buffer =>
  text === undefined ? Buffer.from((hex ?? '').replaceAll(' ', ''), 'hex') : Buffer.from(text.repeat(times));

export function goldenCases<I extends { readonly why: string }>(
  adapter: string,
  inputs: string,
  meaning: (plan: AgentPlan, input: I) => object,
): void {
  const cases = join(projectRoot(), 'test/golden', adapter);
  test.each(readdirSync(cases))('%s', (name) => {
    const folder = join(cases, name);
    const plan = readPlan(join(folder, 'profile.yaml'), {});
    const given = JSON.parse(readFileSync(join(folder, inputs), 'utf8')) as I[];
    const found = given.map((input) => ({ why: input.why, ...meaning(plan, input) }));
    const file = join(folder, 'expected.json');
    if (process.env['GOLDEN'] === 'write') writeFileSync(file, `${JSON.stringify(found, undefined, 2)}\n`);
    expect(found).toEqual(JSON.parse(readFileSync(file, 'utf8')));
  });
}
