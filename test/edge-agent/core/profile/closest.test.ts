import { closest, editDistance } from '../../../../edge-agent/core/profile/closest';

test.each([
  ['', '', 0],
  ['abc', '', 3],
  ['address', 'adress', 1],
  ['metric', 'meteric', 1],
  ['scna', 'scan', 1],
  ['kitten', 'sitting', 3],
])('%p and %p are %i apart, either way round', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});

test('the closest name, unless none is close', () => {
  const names = ['address', 'metric', 'table'];
  expect(closest('adress', names)).toBe('address');
  expect(closest('TABLE', names)).toBe('table');
  expect(closest('weather', names)).toBeUndefined();
  expect(closest('x', [])).toBeUndefined();
});
