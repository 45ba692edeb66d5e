import { argumentsOf, conditionOf, instant, milliseconds } from '../../../deploy/cli/commands/command-arguments';
import { type Answer, FakeApi, type Seen } from '../support/fake-api';
import { cli, type Ran } from '../support/run-cli';

async function against(
  answer: (seen: Seen, n: number) => Answer,
  argv: readonly string[],
): Promise<Ran & { seen: Seen[] }> {
  const api = new FakeApi(answer);
  const url = await api.start();
  try {
    return { ...(await cli(argv, { API_URL: url, MILLRACE_API_TOKEN: 'secret' })), seen: api.seen };
  } finally {
    await api.stop();
  }
}

const device = (id: string, state = 'active'): object => ({
  device_id: id,
  version: 3,
  state,
  allowed: ['suspend'],
  model: 'boiler',
  agent_id: 'edge-1',
  registered_at: '2026-01-01T00:00:00.000Z',
  changed_at: '2026-01-02T00:00:00.000Z',
});

describe('device', () => {
  test('list follows the pages and shows a table', async () => {
    const pages = [{ items: [device('a')], next: 'c1' }, { items: [device('b', 'suspended')] }];
    const { out, code, seen } = await against(
      (_, n) => ({ body: pages[n - 1] }),
      ['device', 'list', '--state', 'active', '--label', 'x=1'],
    );
    expect(code).toBe(0);
    expect(out.split('\n').map((l) => l.split(/\s+/).slice(0, 2))).toEqual([
      ['DEVICE', 'STATE'],
      ['a', 'active'],
      ['b', 'suspended'],
      [''],
    ]);
    expect(seen.map((s) => s.path)).toEqual([
      '/api/v1/devices?limit=1000&state=active&label=x%3D1',
      '/api/v1/devices?limit=1000&state=active&label=x%3D1&cursor=c1',
    ]);
    expect(seen[0]?.token).toBe('Bearer secret');
  });
  test('register sends what was given and nothing else', async () => {
    const argv = ['device', 'register', 'x', '--name', 'Boiler', '--agent', 'edge-1', '--label', 'a=b=c', '--json'];
    const { out, seen } = await against(() => ({ status: 201, body: device('x', 'registered') }), argv);
    expect(seen[0]).toMatchObject({ method: 'POST', path: '/api/v1/devices' });
    expect(seen[0]?.body).toEqual({ device_id: 'x', name: 'Boiler', agent_id: 'edge-1', labels: { a: 'b=c' } });
    expect(JSON.parse(out)).toMatchObject({ device_id: 'x' });
  });
  test('an illegal move names the state and what is allowed', async () => {
    const problem = {
      title: 'Conflict',
      status: 409,
      detail: 'x cannot resume',
      state: 'active',
      allowed: ['suspend', 'decommission'],
    };
    const { code, err, seen } = await against(
      () => ({ status: 409, body: problem }),
      ['device', 'resume', 'x', '--reason', 'r'],
    );
    expect(seen[0]).toMatchObject({ path: '/api/v1/devices/x/resume', body: { reason: 'r' } });
    expect({ code, err }).toEqual({
      code: 1,
      err: 'millrace: x cannot resume\n  its state is active; allowed now: suspend, decommission\n',
    });
  });
  test('an API that is not there is said to be so', async () => {
    const { code, err } = await cli(['device', 'list'], { API_URL: 'http://127.0.0.1:9' });
    expect(code).toBe(1);
    expect(err).toContain('the API at http://127.0.0.1:9 does not answer');
  });
});

describe('command send', () => {
  const at = (n: number): string => `2026-01-01T00:00:0${n}.000Z`;
  const command = (...states: string[]): object => ({
    command_id: 'c',
    device_id: 'd',
    state: states.at(-1),
    final: states.at(-1) === 'verified',
    transitions: states.map((state, n) => ({ state, at: at(n) })),
  });
  const send = ['command', 'send', 'd', 'set', 'value=1'];

  test('waits for the outcome and prints each step once, with its time', async () => {
    const steps = [
      command('issued'),
      command('issued'),
      command('issued', 'delivered', 'executed'),
      command('issued', 'delivered', 'executed', 'verified'),
    ];
    const { code, out, seen } = await against(
      (_, n) => ({ status: n === 1 ? 202 : 200, body: steps[n - 1] }),
      [...send, '--qos', '2', '--timeout', '5s'],
    );
    expect(code).toBe(0);
    expect(seen[0]?.body).toEqual({ name: 'set', args: { value: 1 }, qos: 2, timeout_ms: 5_000 });
    expect(out.split('\n').map((l) => l.split(/\s+/).slice(1, 3).join(' '))).toEqual([
      'issued +0',
      'delivered +1.0',
      'executed +2.0',
      'verified +3.0',
      '',
    ]);
  });
  test('a command that the API has not seen yet is waited for', async () => {
    const absent: Answer = { status: 404, body: { detail: 'there is no command c' } };
    const answers: Answer[] = [
      { status: 202, body: command('issued') },
      absent,
      absent,
      { body: command('issued', 'verified') },
    ];
    expect((await against((_, n) => answers[n - 1] ?? absent, send)).code).toBe(0);
  });
  test.each(['failed', 'expired', 'cancelled', 'outcome-unknown'])('%s is exit 1', async (state) => {
    const { code, err } = await against(
      (_, n) => ({ body: n === 1 ? command('issued') : command('issued', state) }),
      send,
    );
    expect(code).toBe(1);
    expect(err).toContain(`the command is ${state}`);
  });
  test('a dry run tells what it would do, and is exit 1 when it would be refused', async () => {
    const said = (result: object) => ({ ...command('issued', 'executed'), settled: true, result });
    const would = async (result: object) =>
      against(() => ({ status: 202, body: said(result) }), [...send, '--dry-run', '--only-if', 'valve=closed']);
    const yes = await would({ would: 'write', writes: { a: 1 }, now: { a: 0 } });
    expect(yes.seen[0]?.body).toMatchObject({
      dry_run: true,
      only_if: [{ metric: 'valve', is: '=', value: 'closed' }],
    });
    expect({ code: yes.code, err: yes.err }).toMatchObject({
      code: 0,
      err: expect.stringContaining('would write {"a":1}'),
    });
    const no = await would({ would: 'refuse', reason: 'it is suspended' });
    expect({ code: no.code, err: no.err }).toMatchObject({ code: 1, err: expect.stringContaining('it is suspended') });
  });
  test.each([
    [true, 0, /in time/],
    [false, 1, /too late/],
    [null, 1, /not known/],
  ])('cancel: in time is %p, exit %d', async (in_time, code, said) => {
    const ran = await against(() => ({ body: { in_time, state: 's' } }), ['command', 'cancel', 'c', '--reason', 'r']);
    expect(ran.seen[0]).toMatchObject({ path: '/api/v1/commands/c/cancel', body: { reason: 'r' } });
    expect({ code: ran.code, out: ran.out }).toEqual({ code, out: expect.stringMatching(said) });
  });
  test('--no-wait prints the id only', async () => {
    const { code, out, err, seen } = await against(
      () => ({ status: 202, body: command('issued') }),
      [...send, '--no-wait'],
    );
    expect({ code, out, err, asked: seen.length }).toEqual({ code: 0, out: 'c\n', err: '', asked: 1 });
  });
});

test('arguments are JSON where they can be, and text otherwise', () => {
  expect(argumentsOf(['a=1', 'b=true', 'c=auto', 'd="1"', 'e=x=y', 'f='])).toEqual({
    a: 1,
    b: true,
    c: 'auto',
    d: '1',
    e: 'x=y',
    f: '',
  });
});

test.each([
  ['500', 500],
  ['500ms', 500],
  ['1.5s', 1_500],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
])('%s is %d ms', (text, ms) => expect(milliseconds(text)).toBe(ms));

test.each([
  ['valve=closed', { metric: 'valve', is: '=', value: 'closed' }],
  ['a.b<=3.5', { metric: 'a.b', is: '<=', value: 3.5 }],
  ['on!=true', { metric: 'on', is: '!=', value: true }],
])('condition %s', (text, condition) => expect(conditionOf(text)).toEqual(condition));
test.each(['valve', '=1', 'a=', ''])('%p is no condition', (text) =>
  expect(() => conditionOf(text)).toThrow(/condition/),
);

test('a deadline has a zone', () => {
  expect(instant('2026-01-31T18:00:00+01:00')).toBe('2026-01-31T17:00:00.000Z');
  expect(() => instant('2026-01-31T18:00:00')).toThrow(/no time/);
});
