/**
 * Golden cases: test/golden/opcua/<case>/ holds profile.yaml, what the server has (field.json: its namespaces and DataValues),
 * and expected.json: what is asked for and the readings that come of it. GOLDEN=write makes expected.json anew: read it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishing_ms } from '../../../../edge-agent/adapters/opcua/plan';
import { told } from '../../../../edge-agent/adapters/opcua/point';
import { PointTable } from '../../../../edge-agent/adapters/opcua/points';
import { nodeIdOf, type OpcUaSettings } from '../../../../edge-agent/adapters/opcua/settings';
import { toReading } from '../../../../edge-agent/core/reading';
import { readPlan } from '../../../../edge-agent/profile-file';
import { projectRoot } from '../../../../schemas/root';

const FOLDER = join(projectRoot(), 'test/golden/opcua');

interface FieldFile {
  readonly namespaces: readonly string[];
  readonly values: Readonly<Record<string, { type: number; value: unknown; status: number }>>;
}

test.each(readdirSync(FOLDER))('%s', (name) => {
  const folder = join(FOLDER, name);
  const plan = readPlan(join(folder, 'profile.yaml'), {});
  const field = JSON.parse(readFileSync(join(folder, 'field.json'), 'utf8')) as FieldFile;
  const asked: string[] = [];
  const readings: Record<string, string> = {};
  for (const connection of plan.connections) {
    const points = new PointTable(connection).all(new Set());
    asked.push(`every ${publishing_ms(points, (connection.settings as OpcUaSettings).publishing_ms)} ms`);
    for (const point of points) {
      const node = nodeIdOf(point.source.node, field.namespaces) ?? 'nowhere';
      const { queue_size, deadband, history } = point.source;
      asked.push(`${node} each ${point.scan_ms} ms, queue ${queue_size}, ${JSON.stringify({ deadband, history })}`);
      const value = field.values[node];
      const sample = value && told(point, { ...value, array: false, source_at: 1_000 }, 2_000);
      const meaning = plan.devices.get(point.device)?.byMetric.get(point.metric);
      if (!sample || !meaning) throw new Error(`${point.metric}: nothing`);
      const reading = toReading(meaning, sample);
      readings[`${point.device}/${point.metric}`] =
        `${typeof reading.value} ${String(reading.value)} ${meaning.unit} quality ${reading.quality} at ${reading.at}`;
    }
  }
  const file = join(folder, 'expected.json');
  if (process.env['GOLDEN'] === 'write') writeFileSync(file, `${JSON.stringify({ asked, readings }, undefined, 2)}\n`);
  expect({ asked, readings }).toEqual(JSON.parse(readFileSync(file, 'utf8')));
});
