/** What is defined once for many devices, versioned like a device: requests in, decisions out. Pure. */
import { type Definition, type DefinitionRequest } from '../../../schemas/generated';
import { describeProblems, type Problem } from '../device';
import { checkGroup } from './group';
import { checkModel } from './model';
import { objectOf } from './check';

export const KINDS = ['model', 'group'] as const;
export type Kind = (typeof KINDS)[number];

/** No slash: keys are tenant/kind/name. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
export const MAX_BODY_CHARS = 65_536;
/** Of one tenant and kind; deleted ones count, their versions go on. */
export const MAX_DEFINITIONS = 10_000;
export const MAX_RECENT_REQUESTS = 16;

const CHECKS: Readonly<Record<Kind, (body: Readonly<Record<string, unknown>>) => readonly Problem[]>> = {
  model: checkModel,
  group: checkGroup,
};

export type DefinitionRejection = 'invalid' | 'unknown-definition' | 'version-conflict';

export type DefinitionDecision =
  | { readonly kind: 'accepted'; readonly definition: Definition }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'rejected'; readonly code: DefinitionRejection; readonly detail: string };

export interface DefinitionContext {
  /** ms since 1970-01-01 UTC, the registry's clock. */
  readonly now: number;
  /** Definitions of the same tenant and kind. */
  readonly count: number;
}

/** A definition's newest version; the log holds the earlier ones. */
export function decide(
  state: Definition | null,
  request: DefinitionRequest,
  { now, count }: DefinitionContext,
): DefinitionDecision {
  if (state?.recent_requests.includes(request.request_id)) return { kind: 'unchanged' };
  const problems = checkEnvelope(request);
  if (problems.length > 0) return rejected('invalid', describeProblems(problems));
  const there = state !== null && !state.deleted;
  const version = there ? state.version : 0;
  const what = `${request.kind} ${request.name}`;
  if (request.expected_version !== null && request.expected_version !== version)
    return rejected('version-conflict', `${what} is at version ${version}, not ${request.expected_version}`);
  if (request.type === 'delete' && !there) return rejected('unknown-definition', `there is no ${what}`);
  if (request.type === 'put' && there && state.body === request.body) return { kind: 'unchanged' };
  if (state === null && count >= MAX_DEFINITIONS)
    return rejected('invalid', `there are ${count} of kind ${request.kind} already, the most there may be`);
  return { kind: 'accepted', definition: next(state, request, now) };
}

function next(state: Definition | null, request: DefinitionRequest, now: number): Definition {
  const { tenant, kind, name, actor, reason, request_id } = request;
  // A clock set back must not put a version before the one it follows.
  const at = Math.max(now, state?.at ?? 0);
  return {
    ...{ tenant, kind, name, actor, reason, at },
    version: (state?.version ?? 0) + 1,
    deleted: request.type === 'delete',
    body: request.type === 'delete' ? (state?.body ?? '{}') : request.body,
    created_at: state?.created_at ?? at,
    recent_requests: [...(state?.recent_requests ?? []), request_id].slice(-MAX_RECENT_REQUESTS),
  };
}

function checkEnvelope(request: DefinitionRequest): readonly Problem[] {
  const kind = KINDS.find((k) => k === request.kind);
  if (!kind) return [{ field: 'kind', code: 'malformed', expected: KINDS.join(' | ') }];
  if (!NAME.test(request.name)) return [{ field: 'name', code: 'malformed', expected: NAME.source }];
  if (request.type === 'delete') return [];
  if (request.type !== 'put') return [{ field: 'type', code: 'malformed', expected: 'put | delete' }];
  if (request.body.length > MAX_BODY_CHARS)
    return [{ field: 'body', code: 'too-long', expected: `at most ${MAX_BODY_CHARS} characters` }];
  const body = objectOf(request.body);
  return body ? CHECKS[kind](body) : [{ field: 'body', code: 'malformed', expected: 'a JSON object' }];
}

function rejected(code: DefinitionRejection, detail: string): DefinitionDecision {
  return { kind: 'rejected', code, detail };
}
