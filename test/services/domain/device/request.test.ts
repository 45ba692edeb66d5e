import { checkRequest, describeProblems, LIMITS } from '../../../../services/domain/device';
import { type DeviceRequest as RequestRecord } from '../../../../schemas/generated';
import { record } from './given';

const fieldsOf = (r: RequestRecord): string[] => {
  const checked = checkRequest(r);
  return checked.kind === 'invalid' ? checked.problems.map((p) => `${p.field} ${p.code}`) : [];
};
const labels = (n: number): object => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, 'v']));

test('register fills in what is left out', () => {
  const checked = checkRequest(record('register', { name: 'Pump' }));
  expect(checked).toMatchObject({
    kind: 'valid',
    request: { type: 'register', data: { name: 'Pump', model: '', agent_id: null, path: '', labels: {} } },
  });
});

test('update keeps to what is given', () => {
  const checked = checkRequest(record('update', { agent_id: null }));
  expect(checked).toMatchObject({ kind: 'valid', request: { data: { agent_id: null } } });
  if (checked.kind === 'valid') expect(Object.keys(checked.request.data)).toEqual(['agent_id']);
});

test.each([
  ['five levels', { path: 'enterprise/site/area/line/cell' }],
  ['one level with spaces inside', { path: 'Werk Nord' }],
  ['the most labels', { labels: labels(LIMITS.labels) }],
  ['the longest name', { name: 'x'.repeat(LIMITS.name_chars) }],
  ['a kubernetes-like label', { labels: { 'app.kubernetes.io/name': '' } }],
])('%s is fine', (_, data) => {
  expect(fieldsOf(record('register', data))).toEqual([]);
});

test.each<[string, object, string]>([
  ['six levels', { path: '1/2/3/4/5/6' }, 'data.path too-many'],
  ['an empty level', { path: 'a//b' }, 'data.path malformed'],
  ['a trailing slash', { path: 'a/' }, 'data.path malformed'],
  ['a level with blank ends', { path: 'a/ b' }, 'data.path malformed'],
  ['a long level', { path: 'x'.repeat(LIMITS.path_level_chars + 1) }, 'data.path malformed'],
  ['a path that is no text', { path: 5 }, 'data.path wrong-type'],
  ['a long name', { name: 'x'.repeat(LIMITS.name_chars + 1) }, 'data.name too-long'],
  ['a name that is no text', { name: null }, 'data.name wrong-type'],
  ['an agent id with a dot', { agent_id: 'a.b' }, 'data.agent_id malformed'],
  ['an empty agent id', { agent_id: '' }, 'data.agent_id malformed'],
  ['too many labels', { labels: labels(LIMITS.labels + 1) }, 'data.labels too-many'],
  ['a label that is no text', { labels: { a: 1 } }, 'data.labels.a wrong-type'],
  ['labels in a list', { labels: ['a'] }, 'data.labels wrong-type'],
  ['a bad label key', { labels: { 'a b': 'x' } }, 'data.labels key malformed'],
  ['an unknown argument', { colour: 'red' }, 'data.colour unknown-field'],
  ['an argument named like a method', { toString: 'x' }, 'data.toString unknown-field'],
])('%s is not', (_, data, problem) => {
  expect(fieldsOf(record('register', data))).toEqual([problem]);
});

test('__proto__ as a label key is refused and pollutes nothing', () => {
  expect(fieldsOf(record('register', '{"labels":{"__proto__":"x"}}'))).toEqual(['data.labels key malformed']);
  expect(fieldsOf(record('register', '{"__proto__":{"name":"x"}}'))).toEqual(['data.__proto__ unknown-field']);
});

test.each<[string, Partial<RequestRecord>, string]>([
  ['tenant', { tenant: 'a/b' }, 'tenant malformed'],
  ['device_id', { device_id: 'a/b' }, 'device_id malformed'],
  ['long device_id', { device_id: 'x'.repeat(129) }, 'device_id malformed'],
  ['request_id', { request_id: '' }, 'request_id missing'],
  ['actor', { actor: '' }, 'actor missing'],
  ['reason', { reason: 'x'.repeat(LIMITS.reason_chars + 1) }, 'reason too-long'],
  ['type', { type: 'explode' }, 'type malformed'],
  ['data', { data: '[1]' }, 'data malformed'],
  ['data that is no JSON', { data: '{' }, 'data malformed'],
])('envelope: %s', (_, over, problem) => {
  expect(fieldsOf(record('suspend', {}, over))).toEqual([problem]);
});

test('a move without arguments takes none', () => {
  expect(fieldsOf(record('suspend', { force: true }))).toEqual(['data.force unknown-field']);
});

test('every problem is told, in one line', () => {
  const checked = checkRequest(record('register', { name: 1, path: 2 }, { tenant: '' }));
  if (checked.kind !== 'invalid') throw new Error('valid');
  expect(checked.problems.map((p) => p.field)).toEqual(['tenant', 'data.name', 'data.path']);
  expect(describeProblems(checked.problems)).toContain('data.name is wrong-type: expected text; data.path');
});
