import { Registry } from 'prom-client';
import { POISON_CODES } from '../../../services/domain/ingest/judge';
import { ProjectorMetrics } from '../../../services/projector/metrics';

test('what an alert counts from nothing is there before the first of it', async () => {
  const registry = new Registry();
  new ProjectorMetrics(registry).of('m2m.telemetry', 0);
  const text = await registry.metrics();
  for (const code of POISON_CODES)
    expect(text).toContain(`millrace_poison_total{topic="m2m.telemetry",code="${code}"} 0`);
});
