/**
 * The models of a profile as definitions, so that forms and checks know which commands its agent takes. Somebody's own
 * definition of a model goes before: only one that says of itself that it is kept like this profile is replaced.
 */
import { type planOfText } from '../../edge-agent/profile-file';
import { type Definition } from '../../schemas/generated';
import { type Principal } from '../domain/access';
import { type Model, type ModelArgument, type ModelCommand, type ModelPoint } from '../domain/definition';
import { type ApiDependencies } from './dependencies';

type AgentPlan = ReturnType<typeof planOfText>;
type DevicePlan = AgentPlan['connections'][number]['devices'][number];
type CommandPlan = DevicePlan['commands'] extends ReadonlyMap<string, infer C> ? C : never;

export interface LeftOut {
  readonly name: string;
  readonly reason: string;
}

export interface DefinedModels {
  readonly defined: readonly { readonly name: string; readonly version: number }[];
  readonly left_out: readonly LeftOut[];
}

/** Description of a model that is kept so. */
const keptLike = (agent_id: string): string => `Kept as the profile of agent ${agent_id} has it`;

/** By name. A model whose devices take different commands is none that could be checked against. */
export function modelsOf({ agent_id, devices }: Pick<AgentPlan, 'agent_id' | 'devices'>): {
  readonly models: ReadonlyMap<string, Model>;
  readonly left_out: readonly LeftOut[];
} {
  const models = new Map<string, Model>();
  const left_out: LeftOut[] = [];
  for (const name of new Set([...devices.values()].map((d) => d.model).filter((m) => m !== ''))) {
    const of = [...devices.values()].filter((d) => d.model === name);
    const [commands, ...others] = of.map((d) => [...d.commands.values()].map((c) => commandOf(c, d)));
    const points = new Map(of.flatMap((d) => d.points.map((p) => [p.metric, pointOf(p)] as const)));
    if (others.some((o) => JSON.stringify(o) !== JSON.stringify(commands)))
      left_out.push({ name, reason: 'its devices take different commands' });
    else models.set(name, { description: keptLike(agent_id), points: [...points.values()], commands: commands ?? [] });
  }
  return { models, left_out };
}

function pointOf({ metric, kind, unit, description }: DevicePlan['points'][number]): ModelPoint {
  const type = kind === 'int64' ? 'integer' : kind;
  return { metric, type, ...(unit && { unit }), ...(description && { description }) };
}

function commandOf({ name, description, args, verify }: CommandPlan, { byMetric }: DevicePlan): ModelCommand {
  const verified_by = verify[0]?.metric;
  return {
    name,
    ...(args.length > 0 && { args: args.map(argumentOf) }),
    ...(verified_by !== undefined && byMetric.has(verified_by) && { verified_by }),
    ...(description && { description }),
  };
}

function argumentOf({ name, type, unit, description, min, max, ...a }: CommandPlan['args'][number]): ModelArgument {
  return {
    ...{ name, type },
    ...(unit && { unit }),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(a.default !== undefined && { required: false }),
    ...(description && { description }),
  };
}

type Deps = Pick<ApiDependencies, 'definitions' | 'registrar' | 'newId' | 'now'>;

/** `all`: also those that nobody has defined yet; `kept`: only those that are kept like this profile already. */
export async function defineModels(
  deps: Deps,
  { tenant, actor }: Pick<Principal, 'tenant' | 'actor'>,
  plan: AgentPlan,
  which: 'all' | 'kept',
): Promise<DefinedModels> {
  const { models, left_out } = modelsOf(plan);
  const defined: { name: string; version: number }[] = [];
  const left = [...left_out];
  for (const [name, model] of models) {
    const there = deps.definitions.get(tenant, 'model', name);
    if (!there && which === 'kept') continue;
    if (there && descriptionOf(there) !== model.description) {
      left.push({ name, reason: `it is defined otherwise, by ${there.actor}` });
      continue;
    }
    const reply = await deps.registrar.define({
      ...{ request_id: deps.newId(), tenant, kind: 'model', name, type: 'put', actor, reason: null, at: deps.now() },
      ...{ expected_version: there?.version ?? 0, body: JSON.stringify(model) },
    });
    if (reply.outcome === 'rejected') left.push({ name, reason: reply.detail });
    else {
      const definition = JSON.parse(reply.state) as Definition;
      deps.definitions.apply(definition);
      defined.push({ name, version: definition.version });
    }
  }
  return { defined, left_out: left };
}

const descriptionOf = ({ body }: Definition): string | undefined => (JSON.parse(body) as Model).description;
