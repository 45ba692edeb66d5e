import fc from 'fast-check';
import {
  COMMAND_STATES,
  type CommandHistory,
  type CommandView,
  evolve,
  fold,
  idsInFlight,
  isFinal,
  isSettled,
  noHistory,
  rankOf,
  stateOf,
  viewOf,
} from '../../../../services/domain/command';
import { disturbed, event, garbage, lives, PLATFORM } from './events';

describe('the state is the strongest proof, whoever came first', () => {
  const pairs = COMMAND_STATES.flatMap((a) => COMMAND_STATES.map((b) => [a, b] as const));

  test.each(pairs)('%s and %s', (a, b) => {
    const stronger = rankOf(a) >= rankOf(b) ? a : b;
    expect(stateOf(fold([event(a), event(b)]))).toBe(stronger);
    expect(stateOf(fold([event(b), event(a)]))).toBe(stronger);
  });

  test('order and repetition of reports change nothing, even of contradictory ones', () => {
    const cases = fc
      .array(garbage, { maxLength: 12 })
      .chain((events) => fc.tuple(fc.constant(events), disturbed(events)));
    fc.assert(
      fc.property(cases, ([events, others]) => {
        expect(viewOf(fold(others))).toEqual(viewOf(fold(events)));
      }),
    );
  });

  test('order and repetition of a truthful life change nothing', () => {
    const cases = lives.chain((events) => fc.tuple(fc.constant(events), disturbed(events)));
    fc.assert(
      fc.property(cases, ([events, others]) => {
        expect(viewOf(fold(others))).toEqual(viewOf(fold(events)));
      }),
    );
  });
});

describe('in flight', () => {
  const view = (id: string, ...states: [string, object?][]) =>
    viewOf(fold(states.map(([state, fields]) => event(state, { command_id: id, ...fields })))) as CommandView;

  test('is what nobody knows the outcome of yet; of QoS 0 nobody will', () => {
    const open = [view('issued', ['issued']), view('delivered', ['issued'], ['delivered'])];
    const settled = [view('done', ['issued'], ['verified']), view('unknown', ['issued'], ['outcome-unknown'])];
    const unwatched = view('unwatched', ['issued', { qos: 0 }]);
    expect(idsInFlight([...open, ...settled, unwatched], [])).toEqual(['issued', 'delivered']);
  });

  test('the log’s word on a command goes before a workflow that still runs', () => {
    const recent = [view('done', ['issued'], ['verified']), view('open', ['issued'])];
    expect(idsInFlight(recent, ['done', 'open', 'older'])).toEqual(['open', 'older']);
  });
});

describe('a final state never changes', () => {
  test('whatever of a truthful life is still to come, in any order', () => {
    fc.assert(
      fc.property(lives.chain(disturbed), (events) => {
        let history: CommandHistory = noHistory;
        let final: string | undefined;
        for (const e of events) {
          history = evolve(history, e);
          const state = stateOf(history);
          if (final !== undefined) expect(state).toBe(final);
          if (state && isFinal(state)) final = state;
        }
      }),
    );
  });

  test('the platform giving up never outweighs a word of the agent', () => {
    fc.assert(
      fc.property(lives.chain(disturbed), (events) => {
        const agentOnly = events.filter((e) => e.actor !== PLATFORM);
        const state = stateOf(fold(events));
        const told = stateOf(fold(agentOnly));
        if (told !== undefined && rankOf(told) > rankOf('outcome-unknown')) expect(state).toBe(told);
      }),
    );
  });
});

describe('a late truth resolves the unknown', () => {
  const unknown = [event('issued'), event('outcome-unknown', { actor: PLATFORM, at: 9_000 })];

  test.each(['executed', 'verified', 'failed', 'expired', 'cancelled'] as const)('%s', (state) => {
    expect(stateOf(fold([...unknown, event(state, { at: 20_000 })]))).toBe(state);
  });

  test('but a late delivery alone leaves it unknown', () => {
    expect(stateOf(fold([...unknown, event('delivered', { at: 20_000 })]))).toBe('outcome-unknown');
  });
});

describe('settled', () => {
  const after = (...events: ReturnType<typeof event>[]): boolean => isSettled(fold([event('issued'), ...events]));

  test.each(['expired', 'cancelled', 'failed', 'verified', 'outcome-unknown'])('by %s', (state) => {
    expect(after(event(state))).toBe(true);
  });

  test.each(['issued', 'delivered', 'executed'])('not by %s', (state) => {
    expect(after(event(state))).toBe(false);
  });

  test('by an execution that cannot be verified', () => {
    expect(after(event('executed', { result: '{"verifiable":false}' }))).toBe(true);
  });

  test('by an execution that could not be read back: it stays executed', () => {
    const history = fold([
      event('issued'),
      event('executed', { result: '{"verifiable":true}' }),
      event('outcome-unknown'),
    ]);
    expect([stateOf(history), isSettled(history)]).toEqual(['executed', true]);
  });

  test('by the execution of a platform order, whose events need not repeat the name', () => {
    const issued = event('issued', { name: 'millrace.flush' });
    expect(isSettled(fold([event('executed', { name: '', result: '{"last_seq":7}' }), issued]))).toBe(true);
  });

  test('not before the first event', () => {
    expect(isSettled(noHistory)).toBe(false);
  });
});

describe('view', () => {
  test('nothing of nothing', () => {
    expect(viewOf(noHistory)).toBeUndefined();
  });

  test('transitions by time, each state once, with the earliest report', () => {
    const view = viewOf(
      fold([
        event('verified', { at: 1_030, result: '{"value":21.5}' }),
        event('executed', { at: 1_020 }),
        event('delivered', { at: 1_090, attempt: 2 }),
        event('delivered', { at: 1_010 }),
        event('issued', { at: 1_000, actor: 'ann' }),
      ]),
    );
    expect(view?.transitions.map((t) => [t.state, t.at, t.attempt])).toEqual([
      ['issued', 1_000, 1],
      ['delivered', 1_010, 1],
      ['executed', 1_020, 1],
      ['verified', 1_030, 1],
    ]);
    expect(view).toMatchObject({ state: 'verified', final: true, settled: true, result: { value: 21.5 } });
    expect(view).toMatchObject({ name: 'set-setpoint', args: { value: 21.5 } });
  });

  test('what the agent said is shown even when it is no JSON', () => {
    expect(viewOf(fold([event('failed', { result: 'oops' })]))?.result).toEqual({ raw: 'oops' });
  });

  test('name and arguments come from an event that has them', () => {
    const view = viewOf(fold([event('verified', { name: '', args: '{}' }), event('issued')]));
    expect(view).toMatchObject({ name: 'set-setpoint', args: { value: 21.5 } });
  });
});

test('a repeat, and a state of a later version, leave the history as it is: the same object', () => {
  const history = fold([event('issued'), event('delivered')]);
  expect(evolve(history, event('delivered'))).toBe(history);
  expect(evolve(history, event('teleported'))).toBe(history);
});

test('at most one event a state is kept, however many come', () => {
  fc.assert(
    fc.property(fc.array(garbage, { maxLength: 200 }), (events) => {
      expect(Object.keys(fold(events)).length).toBeLessThanOrEqual(COMMAND_STATES.length);
    }),
  );
});
