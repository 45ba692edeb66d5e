/**
 * Holds every answer of the registry against the log: folded up to the version that the answer names, the device must be what the
 * answer says, and deciding the request again must come to the same. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import { type BatchedResult, type DeviceRequest } from '../../../schemas/generated';
import {
  checkRequest,
  decide,
  type Decision,
  type DecisionContext,
  DeviceError,
  type DeviceEvent,
  type DeviceOrNone,
  evolve,
} from '../../../services/domain/device';

/** Of one request, whether it came alone or among others. */
export interface Answer extends BatchedResult {
  /** The whole state, JSON; only of one that came alone. Empty: no such device. */
  readonly whole?: string;
}

export interface Asked {
  readonly request: DeviceRequest;
  /** Sent again when it was not known whether the broker had taken it. */
  times: number;
  readonly answers: Answer[];
}

export interface Findings {
  readonly requests: number;
  readonly accepted: number;
  readonly unanswered: number;
  /** Accepted more than once, answered more often than asked, or an event more than once. */
  readonly doubled: number;
  /** Accepted requests without their event, and events nobody was told of. */
  readonly lost: number;
  /** Answers that the fold of the log contradicts. */
  readonly untrue: number;
  /** The first of each, in words. */
  readonly examples: readonly string[];
}

const MAX_EXAMPLES = 20;

interface Life {
  readonly events: DeviceEvent[];
  /** By version; null at 0. */
  readonly states: DeviceOrNone[];
}

export function judgeAnswers(asked: ReadonlyMap<string, Asked>, log: readonly DeviceEvent[]): Findings {
  const examples: string[] = [];
  const count = (faults: readonly string[]): number => {
    examples.push(...faults.slice(0, MAX_EXAMPLES - examples.length));
    return faults.length;
  };
  const { lives, impossible } = livesOf(log);
  const all = [...asked];
  const accepted = new Map(all.map(([id, { answers }]) => [id, answers.filter(isAccepted).length]));
  const events = new Map<string, number>();
  for (const { request_id } of log) events.set(request_id, (events.get(request_id) ?? 0) + 1);
  const doubled = [
    ...all.filter(([id, a]) => (accepted.get(id) ?? 0) > 1 || a.answers.length > a.times).map(([id]) => id),
    ...[...events].filter(([, n]) => n > 1).map(([id]) => id),
  ];
  const lost = [
    ...[...accepted].filter(([id, n]) => n > 0 && !events.has(id)).map(([id]) => id),
    ...[...events.keys()].filter((id) => !accepted.get(id)),
  ];
  const untrue = all.flatMap(([id, a]) => a.answers.flatMap((answer) => contradiction(lives, a, answer, id)));
  return {
    requests: asked.size,
    accepted: [...accepted.values()].filter((n) => n > 0).length,
    unanswered: count(all.filter(([, a]) => a.answers.length === 0).map(([id]) => `${id} has no answer`)),
    doubled: count(doubled.map((id) => `${id} is there more than once`)),
    lost: count(lost.map((id) => `${id} has an event or an acceptance, not both`)),
    untrue: count([...impossible, ...untrue]),
    examples,
  };
}

const isAccepted = ({ outcome }: Answer): boolean => outcome === 'accepted';

function livesOf(log: readonly DeviceEvent[]): { lives: ReadonlyMap<string, Life>; impossible: string[] } {
  const lives = new Map<string, Life>();
  const impossible: string[] = [];
  for (const event of log) {
    const life = lives.get(event.device_id) ?? { events: [], states: [null] };
    lives.set(event.device_id, life);
    try {
      life.states.push(evolve(life.states.at(-1) ?? null, event));
      life.events.push(event);
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      impossible.push(error.message);
    }
  }
  return { lives, impossible };
}

const NEVER: Life = { events: [], states: [null] };

function contradiction(lives: ReadonlyMap<string, Life>, { request }: Asked, answer: Answer, id: string): string[] {
  const { events, states } = lives.get(request.device_id) ?? NEVER;
  const { version, outcome } = answer;
  const told = (why: string): string[] => [`${id}: ${outcome} ${answer.code} at version ${version}, but ${why}`];
  const state = states[version];
  if (state === undefined) return told('the log never came that far');
  if ((state?.state ?? '') !== answer.state) return told(`the device was ${state?.state ?? 'not there'} then`);
  if (answer.whole !== undefined && !isDeepStrictEqual(wholeOf(answer.whole), state)) return told('its state differs');
  const event = outcome === 'accepted' ? events[version - 1] : undefined;
  const again = event
    ? decided(states[version - 1] ?? null, request, { now: event.at, event_id: event.event_id })
    : decided(state, request, { now: 0, event_id: '' });
  if (again.kind !== outcome) return told(`it would be ${again.kind} there`);
  if (again.kind === 'rejected' && again.code !== answer.code) return told(`the reason there is ${again.code}`);
  if (again.kind === 'accepted' && !isDeepStrictEqual(again.event, event)) return told('the event is another one');
  return [];
}

const wholeOf = (text: string): unknown => (text === '' ? null : JSON.parse(text));

function decided(state: DeviceOrNone, request: DeviceRequest, context: DecisionContext): Decision {
  const checked = checkRequest(request);
  return checked.kind === 'valid'
    ? decide(state, checked.request, context)
    : { kind: 'rejected', code: 'invalid', detail: '' };
}
