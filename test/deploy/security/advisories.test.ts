import { type Accepted, judge, type NpmAudit } from '../../../deploy/security/advisories';

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
  expect(judge(found, list, '2026-11-21')).toEqual(problems);
});

test('a registry that does not tell is no proof', () => {
  expect(judge({}, [], '2026-11-21')).toHaveLength(1);
});
