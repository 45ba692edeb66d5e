import { station } from './profile';

const problems = (rules: string, more = ''): string[] => {
  try {
    station(rules, more);
  } catch (e) {
    return (e as Error).message.split('\n');
  }
  return [];
};

test('a model’s rules become rules of each device, the whole profile’s rules of the one they name', () => {
  const plan = station(
    `      - { name: high, when: 'pressure > 9.0', then: [{ write: valve, value: false }] }`,
    `rules: [{ name: both, device: s1, when: 'value("s1/flow") + value("s2/flow") > 9.0' }]`,
  );
  expect(plan.rules.map((r) => r.id)).toEqual(['s1/high', 's1/both', 's2/high']);
  expect(plan.rules[1]?.when.points.map((p) => p.device)).toEqual(['s1', 's2']);
});

test('what is wrong is told with file, line, rule, position in the expression, and a suggestion', () => {
  expect(problems(`      - { name: high, when: 'flow > 1.0 && presure > 9.0' }`)).toEqual([
    'profile.yaml:17:29: models.station.rules[0].when: got "flow > 1.0 && presure > 9.0", expected in rule high, at character 15, a metric of the device: pressure, flow, valve, speed, state; did you mean pressure?',
  ]);
});

test.each([
  [`{ name: a, when: 'flow > 1.0', then: [{ write: flow, value: 1 }] }`, /then\[0\]\.value.*flow is not writable/],
  [`{ name: a, when: 'flow > 1.0', then: [{ write: sped, value: 1 }] }`, /did you mean speed/],
  [`{ name: a, when: 'flow > 1.0', then: [{ write: speed, value: 4000 }] }`, /0 to 3000/],
  [`{ name: a, when: 'flow > 1.0', then: [{ write: speed }] }`, /either value or value_of/],
  [`{ name: a, when: 'flow > 1.0', then: [{ write: speed, value_of: 'valve' }] }`, /a result that is double, not bool/],
  [`{ name: a, when: 'flow > 1.0', then: [{ write: speed, value: 1, alarm: x }] }`, /exactly one of/],
  [`{ name: a, when: 'flow > 1.0', otherwise: [{ alarm: x }] }`, /exactly one of write/],
  [`{ name: a, when: 'flow > 1.0', then: [{ report: [flo] }] }`, /did you mean flow/],
  [`{ name: a, when: 'flow > 1.0', interlock: { rules: [a] } }`, /another rule/],
  [`{ name: a, when: 'flow > 1.0', interlock: { commands: [opn] } }`, /did you mean open/],
  [`{ name: a, when: 'mean(flow, 3600) > 1.0' }`, /a window of at most 500 s on flow/],
  [`{ name: a, when: 'flow > 1.0' }\n      - { name: a, when: 'flow > 2.0' }`, /a name used once/],
  [`{ name: a, when: 'inside("yard")' }`, /no geofence/],
])('%s is refused', (rule, expected) => {
  expect(problems(`      - ${rule}`).join('\n')).toMatch(expected);
});

test('a rule of the whole profile needs a device that there is, and a name of its own there', () => {
  const rules = `      - { name: a, when: 'flow > 1.0' }`;
  expect(problems(rules, `rules: [{ name: b, device: s9, when: 'true' }]`).join()).toMatch(/a device: s1, s2/);
  expect(problems(rules, `rules: [{ name: a, device: s1, when: 'true' }]`).join()).toMatch(/a name used once/);
});
