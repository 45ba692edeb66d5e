/** What a profile may not say of AMQP. */
import { planOfText, ProfileError } from '../../../../edge-agent/profile-file';

const profile = (protocol: string, amqp: string, point = ''): string => `
agent: { id: a }
connections: [{ name: b, protocol: ${protocol}, host: h, amqp: ${amqp} }]
devices: [{ id: d, connection: b, points: [{ metric: m${point} }] }]
`;

function problems(text: string): string[] {
  try {
    planOfText({ file: 'p.yaml', text, readFile: () => '' }, {});
    return [];
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    return error.problems.map(({ path, expected }) => `${path}: ${expected}`);
  }
}

const Q = 'sources: [{ address: q }]';

test.each(['amqp', 'amqp-0-9-1'])('%s takes the least that can be said', (protocol) => {
  expect(problems(profile(protocol, `{ ${Q} }`))).toEqual([]);
});

test.each([
  ['amqp', '{ sources: [{ address: q, bind: { exchange: e, keys: [k] } }] }', '', 'no bind with amqp'],
  ['amqp-0-9-1', '{ sources: [{ address: q, name_in: to }] }', '', 'no name_in with amqp-0-9-1'],
  ['amqp-0-9-1', `{ container_id: c, ${Q} }`, '', 'no container_id with amqp-0-9-1'],
  ['amqp', `{ username: u, password: p, password_file: f, ${Q} }`, '', 'password or password_file, not both'],
  ['amqp', `{ sasl: plain, ${Q} }`, '', 'an "amqp.username" with sasl: plain'],
  ['amqp', `{ sasl: external, ${Q} }`, '', 'a tls.cert_file with sasl: external'],
  ['amqp', '{ sources: [{ address: q, topic: "a.{x}", device: "{y}" }] }', '', 'names that the topic has: {x}'],
  ['amqp', '{ sources: [{ address: q, topic: "a/#/b" }] }', '', 'levels that are text, {name}, +, or # at the end'],
  [
    'amqp',
    '{ sources: [{ address: q }, { address: q, name_in: to }] }',
    '',
    'name_in with the first source of this address',
  ],
  ['amqp', `{ ${Q} }`, ', writable: true', 'an "amqp.command" that says where values are sent'],
  ['amqp', `{ ${Q} }`, ', amqp: { command: { address: "c/{nobody}" } }', 'names among {device}, {address}, {metric}'],
  ['amqp', `{ ${Q} }`, ', amqp: { command: { address: c, exchange: e } }', 'no exchange with amqp'],
])('%s %s%s: %s', (protocol, amqp, point, expected) => {
  expect(problems(profile(protocol, amqp, point))).toEqual([expect.stringContaining(expected)]);
});
