/** A disk that is really full, or really read-only: a small file system of its own, where this user may mount one. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kafka } from 'kafkajs';
import { systemClock } from '../../../../edge-agent/io/clock';
import { DEFAULT_BOUNDS } from '../../../../edge-agent/io/outbox/bounds';
import { nodeFs } from '../../../../edge-agent/io/outbox/fs';
import { DiskSchemaIds } from '../../../../edge-agent/io/shipper/schema-ids';
import { createKafka, streamConfig } from '../../../../schemas/stream';
import { type Stack, startStack } from '../../../support/stack';
import { KafkaLink } from '../../../../edge-agent/io/shipper/link';
import { HintFile } from '../../../../edge-agent/io/shipper/hint';
import { Shipper } from '../../../../edge-agent/io/shipper/shipper';
import { commandEvent, frame, open, readAll } from './helpers';

jest.setTimeout(120_000);

const disk = mkdtempSync(join(tmpdir(), 'millrace-disk-'));
const mount = (...args: string[]): boolean => spawnSync('mount', args).status === 0;
const mounted = mount('-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk);
const upTo = (n: number, from = 1): number[] => Array.from({ length: n - from + 1 }, (_, i) => from + i);
const QUICK = { ...DEFAULT_BOUNDS, segmentBytes: 1 << 20, telemetryCommit_ms: 0, priorityCommit_ms: 0 };
let stack: Stack | undefined;

afterAll(async () => {
  await stack?.stop();
  if (mounted) spawnSync('umount', [disk]);
  rmSync(disk, { recursive: true, force: true });
});

(mounted ? describe : describe.skip)('on a disk of 8 MB', () => {
  const directory = join(disk, 'outbox');

  test('full: nothing is refused, the oldest readings go and are on record, results still find room', async () => {
    const { outbox, events } = await open(nodeFs, QUICK, systemClock, directory);
    for (let i = 0; i < 1_500; i++) await outbox.append([frame('a', 1_000, i)]);
    for (let i = 0; i < 50; i++) await outbox.append([commandEvent(`c-${i}`)]);
    const lost = events.flatMap((e) => (e.kind === 'gap' && e.reason === 'disk-full' ? e.missing : []));
    const kept = (await readAll(outbox, 'telemetry')).map((r) => r.seq);
    expect(lost.length).toBeGreaterThan(0);
    expect([...lost.flatMap((m) => upTo(m.toSeq, m.fromSeq)), ...kept]).toEqual(upTo(1_500));
    expect((await readAll(outbox, 'priority')).filter((r) => r.topic === 'm2m.command-events')).toHaveLength(50);
    await outbox.close();
  });

  test('full when the stream is met for the first time: it is shipped all the same, and the disk empties', async () => {
    stack = await startStack({ want: ['kafka', 'schema-registry'] });
    const config = streamConfig(stack.env, 'real-disk');
    const kafka: Kafka = createKafka(config, { warn: () => undefined });
    spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'filler')}`, 'bs=4k']);
    const { outbox } = await open(nodeFs, DEFAULT_BOUNDS, systemClock, directory);
    const before = outbox.status('telemetry').bytes;
    const shipper = new Shipper({
      ...{ agentId: 'full', outbox, clock: systemClock, random: Math.random },
      link: new KafkaLink(kafka, { agentId: 'full', replicationFactor: 1, clock: systemClock }),
      schemaIds: new DiskSchemaIds(config, join(disk, 'schema-ids.json')),
      hint: new HintFile(join(disk, 'shipped.json')),
      ...{ onEvent: () => undefined, onFatal: () => undefined },
    });
    shipper.start();
    for (const lane of ['priority', 'telemetry'] as const) await shipper.whenShipped(lane, outbox.status(lane).next);
    await shipper.stop();
    expect(outbox.status('telemetry').bytes).toBeLessThan(before / 2);
    await outbox.close();
  });

  test('read-only: the agent says so and what to do, and goes on when it can be written again', async () => {
    expect(mount('-o', 'remount,ro', disk)).toBe(true);
    await expect(open(nodeFs, DEFAULT_BOUNDS, systemClock, directory)).rejects.toMatchObject({
      ...{ code: 'read-only', recoverable: true, hint: expect.stringContaining('read-only') as string },
    });
    expect(mount('-o', 'remount,rw', disk)).toBe(true);
    const { outbox } = await open(nodeFs, DEFAULT_BOUNDS, systemClock, directory);
    expect(await outbox.append([frame('a')])).toEqual([1_501]);
    await outbox.close();
  });
});
