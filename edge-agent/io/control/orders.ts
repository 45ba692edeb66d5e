/** Commands of every device that are meant for local control, unless its profile has a command of that name. */
import { type Command } from '../../../schemas/generated';
import { type AlarmOrder } from '../../core/alarms/alarm';

export type Order =
  | { readonly kind: 'alarm'; readonly alarm: string; readonly order: AlarmOrder }
  | { readonly kind: 'reset'; readonly rule: string };

const MINUTE_MS = 60_000;
const MAX_COMMENT_CHARS = 500;

/** Undefined: not meant for local control. A reason when its arguments do not fit. */
export function orderOf({ name, args }: Pick<Command, 'name' | 'args'>, now: number): Order | string | undefined {
  switch (name) {
    case 'alarm-acknowledge':
    case 'alarm-unshelve': {
      const alarm = textArg(args, 'alarm');
      const type = name === 'alarm-acknowledge' ? 'acknowledge' : 'unshelve';
      return alarm === undefined
        ? `${name} takes alarm, the name of an alarm`
        : { kind: 'alarm', alarm, order: { type } };
    }
    case 'alarm-shelve': {
      const alarm = textArg(args, 'alarm');
      const { minutes, comment } = argsOf(args);
      if (alarm === undefined || typeof minutes !== 'number' || !(minutes > 0))
        return 'alarm-shelve takes alarm, the name of an alarm, and minutes, more than 0';
      if (comment !== undefined && (typeof comment !== 'string' || comment.length > MAX_COMMENT_CHARS))
        return `alarm-shelve takes a comment of at most ${MAX_COMMENT_CHARS} characters`;
      const order = {
        type: 'shelve',
        until: now + Math.round(minutes * MINUTE_MS),
        ...(comment && { comment }),
      } as const;
      return { kind: 'alarm', alarm, order };
    }
    case 'rule-reset': {
      const rule = textArg(args, 'rule');
      return rule === undefined ? 'rule-reset takes rule, the name of a rule' : { kind: 'reset', rule };
    }
    default:
      return undefined;
  }
}

/** Arguments that are no JSON object are told as missing: every order has one that it must have. */
function argsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function textArg(args: string, name: string): string | undefined {
  const value = argsOf(args)[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
