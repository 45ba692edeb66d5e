/** What an agent finds out about a draft without getting in its own way. */
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { type AdapterSink, type FieldAdapter } from '../../../edge-agent/adapter';
import { type BacnetSettings, type BacnetSource } from '../../../edge-agent/adapters/bacnet/settings';
import { type MqttConnectionSettings } from '../../../edge-agent/adapters/mqtt/settings';
import { type AgentPlan } from '../../../edge-agent/core/compile/plan';
import { bounded, probe } from '../../../edge-agent/probe/probe';
import { tellable } from '../../../edge-agent/probe/current';
import { MAX_TOPICS, SeenTopics } from '../../../edge-agent/probe/topics';
import { asVisitor } from '../../../edge-agent/probe/visitor';
import { systemClock } from '../../../edge-agent/io/clock';
import { tryLink } from '../../../edge-agent/probe/try-link';
import { planOfText } from '../../../edge-agent/profile-file';
import { PointsError, type PointSource, withPoints } from '../../../edge-agent/profile-points';
import { projectRoot } from '../../../schemas/root';

const sample = (protocol: string): AgentPlan => {
  const file = join(projectRoot(), 'edge-agent/adapters', protocol, 'sample.yaml');
  return planOfText({ file, text: readFileSync(file, 'utf8'), readFile: () => '' }, {});
};
const visit = (plan: AgentPlan, connection = '', free: readonly number[] = []) =>
  asVisitor(plan, { connection, suffix: 'probe-x', isFree: (port) => free.includes(port) });

describe('a visitor', () => {
  test('is another client of a broker, keeps no session, and takes nothing from a group', () => {
    const plan = sample('mqtt');
    const [connection] = plan.connections;
    const settings = connection?.settings as MqttConnectionSettings;
    const shared = { ...settings, subscriptions: settings.subscriptions.map((s) => ({ ...s, group: 'g' })) };
    const { plan: visited } = visit({ ...plan, connections: [{ ...connection!, settings: shared }] });
    const { broker, subscriptions } = visited.connections[0]?.settings as MqttConnectionSettings;
    expect(broker).toMatchObject({ client_id: `${settings.broker.client_id}-probe-x`, session_expiry_s: 0 });
    expect(subscriptions.map((s) => [s.group, s.qos])).toEqual([
      [undefined, 0],
      [undefined, 0],
    ]);
  });

  test('has a UDP port of its own where the agent has the one of the profile, and subscribes to no changes', () => {
    const port = (free: readonly number[]) =>
      (visit(sample('bacnet'), '', free).plan.connections[0]?.settings as BacnetSettings).port;
    expect([port([]), port([47_810])]).toEqual([0, 47_810]);
    const points = visit(sample('bacnet')).plan.devices.get('boiler-1')?.points ?? [];
    expect(points.filter((p) => (p.source as BacnetSource).cov)).toEqual([]);
  });

  test.each(['http', 'coap', 'mqtt-listener', 'sparkplug-b', 'can', 'amqp', 'amqp-0-9-1'])(
    'leaves out what %s would disturb, and says why',
    (protocol) => {
      const { plan, leftOut } = visit(sample(protocol));
      expect(plan.connections).toEqual([]);
      expect(leftOut[0]?.reason).toMatch(/by themselves|born anew|stop the agent|one consumer/);
    },
  );

  test('reads one connection when it is named', () => {
    const plan = sample('opcua');
    expect(visit(plan, 'plc').plan.devices.size).toBe(2);
    expect(visit(plan, 'other').plan.devices.size).toBe(0);
  });
});

describe('a connection of a draft without devices', () => {
  const asked = (settings: string) =>
    probe(
      {
        ...{ kind: 'test', connection: '', node: '', wait_ms: 30_000 },
        profile: `agent: { id: edge-1 }\nconnections: [{ name: plant, ${settings} }]\n`,
      },
      { clock: systemClock, random: Math.random, env: {} },
    );

  test('is had where something listens, and otherwise it is said why not', async () => {
    const server = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const settings = `protocol: modbus-tcp, host: 127.0.0.1, port: ${port}`;
    const had = await asked(settings);
    expect(had).toMatchObject({ kind: 'test', connection: 'plant', protocol: 'modbus-tcp', reached: true, reason: '' });
    await new Promise((resolve) => server.close(resolve));
    const away = await asked(settings);
    expect(away).toMatchObject({ reached: false, reason: expect.stringMatching(/ECONNREFUSED/) as string });
  });

  test.each([
    ['protocol: bacnet, bacnet: { interface: 127.0.0.1 }', /browse it/],
    ['protocol: http, port: 8088', /by themselves/],
    ['protocol: modbus-tcp, port: 70000', /70000/],
  ])('%s is refused with the reason', async (settings, reason) => {
    await expect(asked(settings)).rejects.toThrow(reason);
  });

  test('what is said of a device is no word about the link, and silence has an end', async () => {
    const closed: string[] = [];
    const adapter = {
      start: ({ link }: AdapterSink) =>
        link({ kind: 'link', device: 'd', state: 'disconnected', at: 0, reason: 'device is silent' }),
      close: () => Promise.resolve(void closed.push('closed')),
    };
    expect(await tryLink(adapter as unknown as FieldAdapter, 1)).toBe('no answer within 1 ms');
    expect(closed).toEqual(['closed']);
  });
});

describe('topics that come by', () => {
  test('are counted, with the single values in the last message', () => {
    const seen = new SeenTopics();
    seen.take('a/b', Buffer.from('7'));
    seen.take('a/a', Buffer.from('{"v":1,"m":{"on":true,"s~/":"x"},"list":[1],"none":null}'));
    seen.take('a/b', Buffer.from([0, 255]));
    expect(seen.list()).toEqual([
      {
        ...{ topic: 'a/a', messages: 1, sample: '{"v":1,"m":{"on":true,"s~/":"x"},"list":[1],"none":null}' },
        values: [
          { pointer: '/v', type: 'number' },
          { pointer: '/m/on', type: 'bool' },
          { pointer: '/m/s~0~1', type: 'string' },
        ],
      },
      { topic: 'a/b', messages: 2, sample: '··', values: [] },
    ]);
  });

  test('are a bounded number', () => {
    const seen = new SeenTopics();
    for (let i = 0; i <= MAX_TOPICS; i++) seen.take(`t/${i}`, Buffer.from('1'));
    expect([seen.list().length, seen.cut]).toEqual([MAX_TOPICS, true]);
  });
});

test('an answer that is too long is cut, and says how many points there were', () => {
  const value = { device: 'd', metric: 'm', value: 1, unit: '', quality: 'good', time: '' };
  const whole = { kind: 'preview' as const, values: Array(64).fill(value), unread: [], complaints: [], points: 64 };
  const cut = bounded(whole, 1_000);
  expect([cut.values.length, cut.points]).toEqual([8, 64]);
  expect(bounded(whole)).toBe(whole);
});

describe('points put into a profile', () => {
  const PROFILE = `# ours
agent: { id: edge-1 }
connections:
  - name: plc # in hall 2
    protocol: opcua
    opcua: { endpoint: opc.tcp://127.0.0.1:4840, policy: None }
devices:
  - id: boiler-1
    connection: plc
    points:
      - { metric: temperature, node: s=T, namespace: x }
`;
  const put = (source: PointSource, device = 'boiler-1', profile = PROFILE) =>
    withPoints({ profile, connection: 'plc', device, source });

  test('comments and order stay, and a metric that is there stays as it is', () => {
    const points = [
      { metric: 'temperature', node: 's=Other' },
      { metric: 'pressure', node: 's=P', type: 'float64' },
    ];
    const { profile, added, left_out } = put({ kind: 'points', points });
    expect([added, left_out]).toEqual([{ devices: 0, points: 1 }, ['boiler-1/temperature: the device has it already']]);
    expect(profile).toContain('# in hall 2');
    expect(profile).toContain('node: s=T,');
    expect(profile).toContain('metric: pressure');
  });

  test('a device that is not there is made, also in a profile without any', () => {
    const { profile, added } = put(
      { kind: 'csv', text: 'tag;address;type;unit\nflow;40001;real;m3/h\n' },
      'pump-1',
      PROFILE.split('devices:')[0],
    );
    expect(added).toEqual({ devices: 1, points: 1 });
    const plan = planOfText(
      {
        file: 'p',
        text: profile.replace(/opcua.*/g, '').replace('protocol: ', 'protocol: modbus-tcp\n    host: h'),
        readFile: () => '',
      },
      {},
    );
    expect(plan.devices.get('pump-1')?.points).toMatchObject([{ metric: 'flow', unit: 'm3/h' }]);
  });

  test('a topic brings its subscription along, once', () => {
    const subscription = { topic: 'hall/flow', device: 'pump-1', metric: 'flow', value: '/v' };
    const source: PointSource = { kind: 'points', points: [{ metric: 'flow', subscription }] };
    const once = put(source, 'pump-1').profile;
    expect(once).toContain('topic: hall/flow');
    expect(put(source, 'pump-2', once).profile.match(/topic: hall/g)).toHaveLength(1);
  });

  test('an EDE file names its own devices, and those found become devices without points', () => {
    const ede = '#keyname;device obj.-instance;object-name;object-type;object-instance\nk;77;Flow;0;3\nk;77;Log;20;1\n';
    const { profile, added, left_out } = put({ kind: 'ede', text: ede }, '');
    expect([added, left_out.length]).toEqual([{ devices: 1, points: 1 }, 1]);
    expect(profile).toContain('id: bacnet-77');
    const found = put({
      kind: 'devices',
      devices: [{ id: 'bacnet-5', bacnet: { instance: 5, address: '10.0.0.5:47808' } }],
    });
    expect(found.added).toEqual({ devices: 1, points: 0 });
  });

  test.each<[string, PointSource, string, string, RegExp]>([
    ['a profile that is no YAML', { kind: 'points', points: [] }, 'd', 'a: [', /no YAML/],
    ['an empty profile', { kind: 'points', points: [] }, 'd', '', /is empty/],
    ['no device', { kind: 'points', points: [] }, '', PROFILE, /name the device/],
    ['an EDE file without a header', { kind: 'ede', text: 'x' }, '', PROFILE, /keyname/],
    ['a tag list with a bad number', { kind: 'csv', text: 'tag,scan\na,soon\n' }, 'd', PROFILE, /tags.csv:2/],
  ])('%s is refused', (_, source, device, profile, reason) => {
    expect(() => put(source, device, profile)).toThrow(PointsError);
    expect(() => put(source, device, profile)).toThrow(reason);
  });
});

describe('the profile in force is told', () => {
  test.each([
    'password: ${SECRET}',
    "password: '${SECRET:-}'",
    "password: ''",
    'password_file: /run/secret',
    'x: password',
  ])('with %s', (line) => expect(tellable(line)).toBe(line));
  test.each(['password: hunter2', 'token: ${T:-change-me}', 'mqtt: { user: { password: 1234 } }'])(
    'not with %s',
    (line) => expect(() => tellable(`# plant\n${line}`)).toThrow(/secret in line 2/),
  );
});
