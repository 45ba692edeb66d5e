import { type Accepted, auditIn, judge, type NpmAudit } from '../../../deploy/security/advisories';

const via = { url: 'https://github.com/advisories/GHSA-1', title: 'reads too much', severity: 'high', name: 'x' };
const audit: NpmAudit = { auditReportVersion: 2, vulnerabilities: { x: { via: [via] }, y: { via: ['x'] } } };
const accepted: Accepted = { advisory: 'GHSA-1', package: 'x', reason: 'not called', until: '2026-12-31' };

test.each([
  ['nothing found', { auditReportVersion: 2, vulnerabilities: {} }, [], []],
  ['found and not accepted', audit, [], ['GHSA-1 high x: reads too much']],
  ['accepted', audit, [accepted], []],
  [
    'accepted until yesterday',
    audit,
    [{ ...accepted, until: '2026-11-20' }],
    ['GHSA-1 x: accepted until 2026-11-20, look again'],
  ],
  [
    'accepted and mended',
    { auditReportVersion: 2, vulnerabilities: {} },
    [accepted],
    ['GHSA-1 x: mended; remove it from the list'],
  ],
] as [string, NpmAudit, Accepted[], string[]][])('%s', (_, found, list, problems) => {
  const verdict = judge(found, list, '2026-11-21');
  const clean = { kind: 'clean', accepted: list.length };
  expect(verdict).toEqual(problems.length > 0 ? { kind: 'open', lines: problems } : clean);
});

test('a registry that does not tell is no proof', () => {
  const of = (text: string): object => judge(auditIn(text), [], '2026-11-21');
  expect(of('{"message":"405 Method Not Allowed","statusCode":405}')).toEqual({
    kind: 'unanswered',
    reason: '405 Method Not Allowed',
  });
  expect(of('npm error network')).toEqual({ kind: 'unanswered', reason: 'npm error network' });
  expect(of('')).toMatchObject({ kind: 'unanswered' });
  expect(of('null')).toMatchObject({ kind: 'unanswered' });
  expect(of('{"auditReportVersion":2}')).toMatchObject({ kind: 'unanswered' });
});
