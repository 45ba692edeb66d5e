/** A dry run: a platform order that names another command in its arguments, and what is said of it. Pure. */
import { type Command } from '../../../schemas/generated';

/** The command that is only rehearsed; one without a name when the order does not say, which no device has. */
export function rehearsed(order: Command): Command {
  const { name, args } = argumentsOf(order);
  return {
    ...order,
    name: typeof name === 'string' ? name : '',
    args: typeof args === 'object' && args !== null ? JSON.stringify(args) : '{}',
  };
}

function argumentsOf({ args }: Command): { readonly name?: unknown; readonly args?: unknown } {
  try {
    const given: unknown = JSON.parse(args);
    return typeof given === 'object' && given !== null ? given : {};
  } catch {
    return {};
  }
}

type Values = Readonly<Record<string, unknown>>;

/** Nothing was done, so there is nothing to verify. */
export const wouldRefuse = (reason: string) => ({ verifiable: false, would: 'refuse', reason });

/** Both in engineering units by metric; `now` has what could be read. */
export const wouldWrite = (writes: Values, now: Values) => ({ verifiable: false, would: 'write', writes, now });
