import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { avroType, schemas } from '../../schemas/codec';
import { generateAll } from '../../schemas/generate';
import { projectRoot } from '../../schemas/root';
import { type EventName, subjectOf, AgentTopics, Topics } from '../../schemas/topics';

const root = projectRoot();

test.each([...generateAll(root)])('%s is what the generator makes', (path, expected) => {
  expect(readFileSync(path, 'utf8')).toBe(expected);
});

describe.each(Object.keys(schemas) as EventName[])('%s and its released versions', (name) => {
  const folder = join(root, 'schemas', 'history', name);
  const versions = (existsSync(folder) ? readdirSync(folder) : [])
    .map((f) => Number.parseInt(f, 10))
    .sort((a, b) => a - b);
  const released = (v: number): object => JSON.parse(readFileSync(join(folder, `${v}.avsc`), 'utf8')) as object;

  test('the newest released version is the current schema: a change is a new version', () => {
    expect(versions).toEqual(versions.map((_, i) => i + 1));
    expect(released(versions.at(-1) ?? 0)).toEqual(schemas[name]);
  });

  test('the current schema reads every released version (BACKWARD_TRANSITIVE)', () => {
    const reader = avroType(schemas[name]);
    for (const v of versions) expect(() => reader.createResolver(avroType(released(v)))).not.toThrow();
  });

  test('every field says what it is, or is named so that it needs no word', () => {
    const doc = (schemas[name] as { doc?: string }).doc ?? '';
    expect(doc).toMatch(/m2m\./);
  });
});

test('the agents’ topics share a subject each', () => {
  expect(subjectOf(AgentTopics.commands('a.b-c'))).toBe('m2m.agents.commands-value');
  expect(subjectOf(AgentTopics.devices('x'))).toBe('m2m.agents.devices-value');
  expect(subjectOf(Topics.telemetry)).toBe('m2m.telemetry-value');
});
