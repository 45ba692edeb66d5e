import {
  evolve,
  FIRST_RESTART_DELAY_MS,
  initialLife,
  type Life,
  type LifeEvent,
  MAX_FAILED_STARTS,
  MAX_RESTART_DELAY_MS,
  restartDelay_ms,
  STABLE_AFTER_MS,
} from '../../../deploy/local/supervisor/lifecycle';

const after = (...events: LifeEvent[]): Life => events.reduce(evolve, initialLife(0));
const started = (at_ms: number): LifeEvent => ({ type: 'started', at_ms });
const ready = (at_ms: number): LifeEvent => ({ type: 'probed', at_ms, reason: undefined });
const notReady = (at_ms: number, reason = 'busy'): LifeEvent => ({ type: 'probed', at_ms, reason });
const died = (at_ms: number): LifeEvent => ({ type: 'exited', at_ms, reason: 'exited with 1' });

test('starts, says why it is not ready, becomes ready', () => {
  expect(after(started(1), notReady(2))).toMatchObject({ state: 'starting', reason: 'busy' });
  const life = after(started(1), notReady(2), ready(3));
  expect(life).toMatchObject({ state: 'ready', everReady: true, since_ms: 3 });
  expect(life).not.toHaveProperty('reason');
});

test('a ready process that stops answering is unready, with the reason, and may recover', () => {
  const life = after(started(1), ready(2), notReady(3));
  expect(life).toMatchObject({ state: 'unready', reason: 'busy' });
  expect(evolve(life, ready(4)).state).toBe('ready');
});

test('a death after it was ready leads to restarts without end, each counted', () => {
  let life = after(started(0), ready(1));
  for (let n = 1; n <= 3 * MAX_FAILED_STARTS; n++) {
    life = evolve(life, died(n));
    expect(life).toMatchObject({ state: 'restarting', restarts: n - 1, deaths: n });
    life = evolve(life, started(n));
    expect(life).toMatchObject({ state: 'starting', restarts: n });
  }
});

test('a process that never becomes ready is given up after the bound', () => {
  let life = after(started(0));
  for (let n = 1; n < MAX_FAILED_STARTS; n++) life = evolve(evolve(life, died(n)), started(n));
  expect(life.state).toBe('starting');
  expect(evolve(life, died(9))).toMatchObject({ state: 'failed', reason: 'exited with 1' });
});

test('a long stable time forgives earlier deaths', () => {
  const life = after(started(0), ready(1), died(2), started(3), ready(4));
  expect(evolve(life, died(5)).deaths).toBe(2);
  expect(evolve(life, died(4 + STABLE_AFTER_MS)).deaths).toBe(1);
});

test('a death while stopping is the stop', () => {
  expect(after(started(0), ready(1), { type: 'stopping', at_ms: 2 }, died(3)).state).toBe('stopped');
});

test('the pause doubles up to its bound', () => {
  expect([1, 2, 3].map(restartDelay_ms)).toEqual([1, 2, 4].map((n) => n * FIRST_RESTART_DELAY_MS));
  expect(restartDelay_ms(50)).toBe(MAX_RESTART_DELAY_MS);
});
