import { Lane } from '../../../deploy/local/clickhouse/lanes';

const never = new AbortController().signal;
const lane = (over: Partial<ConstructorParameters<typeof Lane>[0]> = {}): Lane =>
  new Lane({ name: 'test', slots: 1, maxWaiting: 2, maxWait_ms: 10_000, ...over });

function blocked(): { work: () => Promise<string>; finish: () => void } {
  let finish = (): void => undefined;
  const done = new Promise<string>((resolve) => (finish = () => resolve('done')));
  return { work: () => done, finish };
}

describe('Lane', () => {
  it('runs in the order of arrival, one per slot', async () => {
    const order: number[] = [];
    const l = lane();
    await Promise.all([1, 2, 3].map((n) => l.run(never, async () => void order.push(n))));
    expect(order).toEqual([1, 2, 3]);
    expect([l.busy, l.depth]).toEqual([0, 0]);
  });

  it('refuses at the bound with code 202', async () => {
    const l = lane();
    const first = blocked();
    const running = [l.run(never, first.work), l.run(never, async () => ''), l.run(never, async () => '')];
    expect(l.depth).toBe(2);
    await expect(l.run(never, async () => '')).rejects.toMatchObject({ code: 'TOO_MANY_SIMULTANEOUS_QUERIES' });
    first.finish();
    await Promise.all(running);
  });

  it('refuses who has waited too long', async () => {
    const l = lane({ maxWait_ms: 20 });
    const first = blocked();
    const running = l.run(never, first.work);
    await expect(l.run(never, async () => '')).rejects.toMatchObject({ code: 'TOO_MANY_SIMULTANEOUS_QUERIES' });
    expect(l.depth).toBe(0);
    first.finish();
    await running;
  });

  it('forgets who goes away while waiting', async () => {
    const l = lane();
    const first = blocked();
    const running = l.run(never, first.work);
    const gone = new AbortController();
    const waiting = l.run(gone.signal, async () => '');
    gone.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'QUERY_WAS_CANCELLED' });
    first.finish();
    await running;
  });

  it('gives the slot back after a failure', async () => {
    const l = lane();
    await expect(l.run(never, () => Promise.reject(new Error('boom')))).rejects.toThrow('boom');
    await expect(l.run(never, async () => 'ok')).resolves.toBe('ok');
  });

  it('refuses everybody once closed', async () => {
    const l = lane();
    const first = blocked();
    const running = l.run(never, first.work);
    const waiting = l.run(never, async () => '');
    l.close();
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(l.run(never, async () => '')).rejects.toMatchObject({ code: 'ABORTED' });
    first.finish();
    await expect(running).resolves.toBe('done');
  });
});
