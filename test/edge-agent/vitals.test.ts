import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { Registry } from 'prom-client';
import { systemClock } from '../../edge-agent/io/clock';
import { ClockOffsetProbe, type ClockOffset } from '../../edge-agent/io/clock-offset';
import { vitalMetrics } from '../../edge-agent/vital-metrics';

describe('the offset of the clock', () => {
  let server: Server;
  let headers: Record<string, string>;
  let url: string;

  beforeEach(async () => {
    server = createServer((_, res) => {
      res.sendDate = false;
      res.writeHead(200, headers).end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => server.close());

  test.each([0, 3_600_000, -90_000])('of %i ms is found to within a second', async (off_ms) => {
    headers = { date: new Date(Date.now() + off_ms).toUTCString() };
    const found = await new ClockOffsetProbe({ registryUrl: url }, systemClock).measure();
    expect(Math.abs((found?.offset_ms ?? NaN) - off_ms)).toBeLessThanOrEqual((found?.within_ms ?? 0) + 5);
  });

  test('is not known when nobody tells the time, or nobody is there', async () => {
    headers = {};
    expect(await new ClockOffsetProbe({ registryUrl: url }, systemClock).measure()).toBeUndefined();
    expect(await new ClockOffsetProbe({ registryUrl: 'http://127.0.0.1:1' }, systemClock).measure()).toBeUndefined();
  });
});

test('what keeps the agent alive is there to be read', async () => {
  const registry = new Registry();
  const known: { offset?: ClockOffset } = {};
  vitalMetrics(registry, {
    dataDir: tmpdir(),
    clockOffset: () => known.offset,
    profile: () => ({ source: 'platform', version: 4, refusal: 'version 5: no' }),
  });
  const text = (): Promise<string> => registry.metrics();
  expect(await text()).toMatch(/^millrace_agent_disk_free_bytes \d{5,}$/m);
  expect(await text()).toMatch(/^millrace_agent_profile_version\{source="platform",refused="1"\} 4$/m);
  expect(await text()).not.toMatch(/^millrace_agent_clock_offset_seconds/m);
  known.offset = { offset_ms: -1_500, within_ms: 510 };
  expect(await text()).toMatch(/^millrace_agent_clock_offset_seconds -1.5$/m);
});
