import { nodeIdOf, nodeName, nodeText, UA_NAMESPACE } from '../../../../edge-agent/adapters/opcua/settings';
import { planOf } from '../../plan-of';

const profile = (opcua: string, point = 'node: s=A', more = ''): string => `
agent: { id: a }
connections:
  - { name: line, protocol: opcua, opcua: { endpoint: "opc.tcp://h:4840"${opcua && `, ${opcua}`} }${more} }
devices:
  - { id: d, connection: line, namespace: "urn:x", points: [{ metric: m, ${point} }] }
`;
const NONE = 'policy: None';

test('an encrypted connection is the rule, and asks for a folder of trust', () => {
  expect(() => planOf(profile(''))).toThrow('a "pki"');
  const [connection] = planOf(profile('pki: ./pki')).connections;
  expect(connection?.settings).toMatchObject({ policy: 'Basic256Sha256', mode: 'SignAndEncrypt', pki: './pki' });
});

test('None is taken when the profile says so', () => {
  expect(planOf(profile(NONE)).connections[0]?.settings).toMatchObject({ policy: 'None', mode: 'None' });
});

test.each([
  ['a mode that does not go with the policy', 'policy: None, mode: Sign', 'None with policy None'],
  ['None by the mode alone', 'mode: None, pki: p', 'None with policy None'],
  ['a password in clear', 'policy: None, user: { name: u, password: p }', 'in clear'],
  ['a user without a password', 'pki: p, user: { name: u }', 'either password or password_file'],
  ['half a certificate', 'pki: p, user: { certificate_file: c }', 'both certificate_file and key_file'],
  [
    'a user of both kinds',
    'pki: p, user: { name: u, password: p, certificate_file: c, key_file: k }',
    'or a certificate_file',
  ],
])('refuses %s', (_, opcua, message) => {
  expect(() => planOf(profile(opcua))).toThrow(message);
});

test.each([
  ['a node by the index of its namespace', 'node: ns=2;s=A', 'the URI of its namespace'],
  ['what is no node', 'node: Boiler', 'nsu=<namespace URI>'],
  ['a point without a node', 'type: bool', 'a "node"'],
  ['a register', 'node: s=A, table: coil', 'no table with opcua'],
  ['the state of no condition', 'node: i=2253, opcua: { event: { field: ActiveState/Id } }', 'a "condition"'],
  [
    'an event with history',
    'node: i=2253, opcua: { history: true, event: { field: Message } }',
    'no history of an event',
  ],
  [
    'an event that is written',
    'node: i=2253, writable: true, opcua: { event: { field: Message } }',
    'no writable event',
  ],
  ['a method of another type', 'node: s=F, writable: true, opcua: { method_of: s=B }', 'as JSON'],
  ['a method nobody calls', 'node: s=F, type: string, opcua: { method_of: s=B }', 'a command calls it'],
  ['two deadbands', 'node: s=A, opcua: { deadband: 1, deadband_percent: 1 }', 'not both'],
])('refuses %s', (_, point, message) => {
  expect(() => planOf(profile(NONE, point))).toThrow(message);
});

test('refuses what belongs to other protocols', () => {
  expect(() => planOf(profile(NONE, 'node: s=A', ', host: h'))).toThrow('no host with opcua');
});

test.each([
  ['s=A;B=C', 'urn:x', { namespace: 'urn:x', id: 's=A;B=C' }],
  ['nsu=http://a/b;i=5', 'urn:x', { namespace: 'http://a/b', id: 'i=5' }],
  ['i=2258', undefined, { namespace: UA_NAMESPACE, id: 'i=2258' }],
  ['g=09087e75-8e5e-499b-954f-f2a9603db28a', 'u', { namespace: 'u', id: 'g=09087e75-8e5e-499b-954f-f2a9603db28a' }],
] as const)('node %s', (text, namespace, name) => {
  expect(nodeName(text, namespace)).toEqual(name);
  expect(nodeName(nodeText(name), undefined)).toEqual(name);
});

test('a node has the index its namespace has on this server now', () => {
  const node = { namespace: 'urn:x', id: 's=A' };
  expect(nodeIdOf(node, [UA_NAMESPACE, 'urn:server', 'urn:x'])).toBe('ns=2;s=A');
  expect(nodeIdOf(node, [UA_NAMESPACE])).toBeUndefined();
});

test.each([
  ['[$a, 5, "x"]', undefined],
  ['$a', 'a list: m is a method'],
  ['[$b]', 'an argument of the command'],
])('a command gives a method %s', (value, message) => {
  const command = `commands: [{ name: go, args: [{ name: a }], writes: [{ metric: m, value: ${value} }] }]`;
  const text = profile(NONE, 'node: s=F, type: string, writable: true, opcua: { method_of: s=B }');
  const plan = () => planOf(text.replace(/ \}\n$/, `, ${command} }\n`));
  if (message !== undefined) return expect(plan).toThrow(message);
  const { commands } = plan().devices.get('d') ?? {};
  expect(commands?.get('go')).toMatchObject({
    writes: [{ metric: 'm', value: { list: [{ arg: 'a' }, { literal: 5 }, { literal: 'x' }] } }],
    verify: [],
  });
});
