import { decide, type DeviceRequest, evolve, LIMITS, checkRequest } from '../../../../services/domain/device';
import { context, device, record, request } from './given';

function after(state: ReturnType<typeof device>, wish: DeviceRequest) {
  const decision = decide(state, wish, context);
  if (decision.kind !== 'accepted') throw new Error(JSON.stringify(decision));
  return evolve(state, decision.event);
}

describe('configuration', () => {
  const config = { interval_s: 5 };
  test('versions go up by one with each other configuration', () => {
    const first = after(device('active', { reason: 'earlier' }), request('configure', { config }));
    expect(first).toMatchObject({ desired: '{"interval_s":5}', desired_version: 1, reason: 'earlier' });
    expect(decide(first, request('configure', { config }, { request_id: 'again' }), context).kind).toBe('unchanged');
    const second = after(first, request('configure', { config: {} }, { request_id: 'other' }));
    expect(second).toMatchObject({ desired: '{}', desired_version: 2 });
  });

  test('what a device reports may be behind, never ahead', () => {
    const wanted = device('active', { desired: '{}', desired_version: 3 });
    expect(after(wanted, request('report-config', { config, config_version: 2 }))).toMatchObject({
      reported_version: 2,
    });
    const ahead = decide(wanted, request('report-config', { config, config_version: 4 }), context);
    expect(ahead).toMatchObject({ kind: 'rejected', code: 'invalid' });
  });

  test.each<[string, unknown]>([
    ['data.config missing', {}],
    ['data.config wrong-type', { config: [] }],
    ['data.config too-long', { config: { x: 'x'.repeat(LIMITS.config_chars) } }],
    ['data.expected_config_version wrong-type', { config: {}, expected_config_version: -1 }],
  ])('%s', (problem, data) => {
    const checked = checkRequest(record('configure', data));
    expect(checked.kind === 'invalid' && checked.problems.map((p) => `${p.field} ${p.code}`)).toEqual([problem]);
  });
});

describe('replacement', () => {
  test('the old credential ends with the old hardware', () => {
    const old = device('quarantined', { reported: '{}', reported_version: 1, replacements: 1 });
    const replaced = after(old, request('replace', { serial: 'S-2' }));
    expect(replaced).toMatchObject({ state: 'quarantined', credential: null, serial: 'S-2', replacements: 2 });
    expect(replaced).toMatchObject({ reported: '', reported_version: 0, version: 4 });
  });

  test('an active device that reports by itself needs a new one', () => {
    const alone = device('active', { agent_id: null });
    expect(decide(alone, request('replace', { serial: 'S-2' }), context)).toMatchObject({ code: 'no-credential' });
    expect(after(alone, request('replace', { serial: 'S-2', credential: 'c' }))).toMatchObject({ credential: 'c' });
  });
});

test('quarantine says why', () => {
  const checked = checkRequest(record('quarantine', {}, { reason: ' ' }));
  expect(checked).toMatchObject({ kind: 'invalid', problems: [{ field: 'reason', code: 'missing' }] });
  expect(checkRequest(record('quarantine', {}, { reason: 'odd' })).kind).toBe('valid');
});

test('nobody is their own parent', () => {
  const wish = request('update', { parent_id: 'pump-1' });
  expect(decide(device('active'), wish, context)).toMatchObject({ code: 'invalid' });
});
