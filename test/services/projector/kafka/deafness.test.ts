import { Deafness, DEAF_MS, PATIENCE_MS } from '../../../../services/projector/kafka/deafness';

test('with heartbeats nobody is asked', () => {
  const d = new Deafness(0);
  for (let now = 0; now < 10 * DEAF_MS; now += 300) {
    d.heard(now);
    expect(d.suspects(now + 299)).toBe(false);
  }
});

test('a broker that is away for hours ends no process', () => {
  const d = new Deafness(0);
  for (let now = DEAF_MS; now < 100 * DEAF_MS; now += 5_000) {
    expect(d.suspects(now)).toBe(true);
    expect(d.asked(false, now)).toBe(false);
  }
});

test('a consumer that joins again in time is left alone', () => {
  const d = new Deafness(0);
  const back = 20 * DEAF_MS;
  expect(d.asked(true, back)).toBe(false);
  expect(d.asked(true, back + PATIENCE_MS - 1)).toBe(false);
  d.heard(back + PATIENCE_MS - 1);
  expect(d.asked(true, back + PATIENCE_MS + DEAF_MS)).toBe(false);
});

test('a coordinator that answers for half a minute while nothing is heard: the process must go', () => {
  const d = new Deafness(0);
  expect(d.asked(true, DEAF_MS)).toBe(false);
  expect(d.asked(true, DEAF_MS + PATIENCE_MS)).toBe(true);
});

test('an answer now and then from a broker that comes and goes is no proof', () => {
  const d = new Deafness(0);
  expect(d.asked(true, DEAF_MS)).toBe(false);
  expect(d.asked(false, DEAF_MS + 5_000)).toBe(false);
  expect(d.asked(true, DEAF_MS + PATIENCE_MS)).toBe(false);
});
