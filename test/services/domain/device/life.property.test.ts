import * as fc from 'fast-check';
import {
  allowedMoves,
  decide,
  type DeviceEvent,
  type DeviceOrNone,
  type DeviceRequest,
  eventFromRecord,
  eventToRecord,
  evolve,
  fold,
  fromOf,
  initialState,
  MAX_RECENT_REQUESTS,
  MOVES,
  REQUEST_TYPES,
} from '../../../../services/domain/device';
import { NOW, request } from './given';

const names = fc.constantFrom('', 'a', 'b');
const description = fc.record({
  name: names,
  model: names,
  agent_id: fc.constantFrom(null, 'agent-1', 'agent-2'),
  path: fc.constantFrom('', 'x/y'),
  labels: fc.dictionary(fc.constantFrom('k', 'l'), names),
  parent_id: fc.constantFrom(null, 'gateway-1'),
});
const anyRequest: fc.Arbitrary<DeviceRequest> = fc
  .record({
    type: fc.constantFrom(...REQUEST_TYPES),
    // Few ids: repeats are the interesting case.
    request_id: fc.nat(40).map((n) => `request-${n}`),
    expected_version: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(6) }),
    description,
    partial: fc.boolean(),
  })
  .map(({ type, description: d, partial, ...over }) => {
    if (type === 'register') return request(type, d, over);
    if (type === 'update') return request(type, partial ? { name: d.name } : d, over);
    if (type === 'provision') return request(type, partial ? {} : { credential: 'cert' }, over);
    if (type === 'replace') return request(type, partial ? { serial: d.name } : { serial: 's', credential: 'c' }, over);
    const config = { name: d.name };
    if (type === 'configure') return request(type, partial ? { config } : { config, expected_config_version: 1 }, over);
    if (type === 'report-config') return request(type, { config, config_version: partial ? 1 : 0 }, over);
    return request(type, {}, over);
  });
const lives = fc.array(anyRequest, { maxLength: 60 });

interface Life {
  readonly events: readonly DeviceEvent[];
  readonly state: DeviceOrNone;
}

function live(requests: readonly DeviceRequest[]): Life {
  const events: DeviceEvent[] = [];
  let state: DeviceOrNone = initialState;
  requests.forEach((r, i) => {
    const decision = decide(state, r, { now: NOW + i, event_id: `event-${i}` });
    if (decision.kind !== 'accepted') return;
    events.push(decision.event);
    state = evolve(state, decision.event);
  });
  return { events, state };
}

test('folding the events gives the state, also through their records', () => {
  fc.assert(
    fc.property(lives, (requests) => {
      const { events, state } = live(requests);
      expect(fold(events)).toEqual(state);
      expect(fold(events.map(eventToRecord).map(eventFromRecord))).toEqual(state);
    }),
  );
});

test('versions have no gap and each event starts where the last one ended', () => {
  fc.assert(
    fc.property(lives, (requests) => {
      const { events } = live(requests);
      expect(events.map((e) => e.version)).toEqual(events.map((_, i) => i + 1));
      events.forEach((e, i) => expect(e.state_from).toBe(events[i - 1]?.state_to ?? null));
    }),
  );
});

test('no history leaves the table of moves', () => {
  fc.assert(
    fc.property(lives, (requests) => {
      for (const e of live(requests).events) {
        const move = MOVES.find((m) => m.event === e.type);
        expect(move?.from).toContain(e.state_from ?? 'none');
        if (move?.to === 'same') expect(e.state_to).toBe(e.state_from);
        else if (move?.to !== 'earlier') expect(e.state_to).toBe(move?.to);
        else expect(['registered', 'provisioned', 'active', 'suspended', 'quarantined']).toContain(e.state_to);
      }
    }),
  );
});

test('a request id makes at most one of the last events, and memory is bounded', () => {
  fc.assert(
    fc.property(lives, (requests) => {
      const ids = live(requests).state?.recent_requests ?? [];
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.length).toBeLessThanOrEqual(MAX_RECENT_REQUESTS);
    }),
  );
});

test('what allowedMoves promises is decided, and what it does not is never accepted', () => {
  fc.assert(
    fc.property(lives, anyRequest, (requests, next) => {
      const { state } = live(requests);
      const decision = decide(
        state,
        { ...next, expected_version: null, request_id: 'new' },
        { now: NOW, event_id: 'e' },
      );
      const promised = allowedMoves(fromOf(state)).includes(next.type);
      if (decision.kind === 'accepted') expect(promised).toBe(true);
      if (decision.kind === 'rejected' && promised)
        expect(['no-credential', 'version-conflict', 'invalid']).toContain(decision.code);
    }),
  );
});

test('abandoning returns to where the decommissioning began', () => {
  fc.assert(
    fc.property(lives, (requests) => {
      const { state } = live(requests);
      if (state === null || !allowedMoves(state.state).includes('begin-decommission')) return;
      const there = decide(state, request('begin-decommission', {}, { request_id: 'p' }), { now: NOW, event_id: 'p' });
      if (there.kind !== 'accepted') throw new Error(there.kind);
      const gone = evolve(state, there.event);
      const back = decide(gone, request('abandon-decommission', {}, { request_id: 'q' }), { now: NOW, event_id: 'q' });
      if (back.kind !== 'accepted') throw new Error(back.kind);
      expect(evolve(gone, back.event)).toMatchObject({ state: state.state, earlier_state: null });
    }),
  );
});
