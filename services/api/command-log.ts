/** Recent commands, folded from the stream in memory; older ones are asked of ClickHouse. */
import { type CommandEvent } from '../../schemas/generated';
import { commandKey } from '../../schemas/topics';
import {
  type CommandHistory,
  type CommandInput,
  type CommandView,
  evolve,
  inputOf,
  noHistory,
  viewOf,
} from '../domain/command';

/** Commands kept in memory; past it the one longest untouched goes, and is then answered by ClickHouse. */
export const MAX_RECENT_COMMANDS = 20_000;

export class CommandLog {
  private readonly recent = new Map<string, CommandHistory>();

  apply(event: CommandEvent): void {
    const key = commandKey(event.tenant, event.command_id);
    const history = evolve(this.recent.get(key) ?? noHistory, event);
    this.recent.delete(key);
    this.recent.set(key, history);
    if (this.recent.size > MAX_RECENT_COMMANDS) this.recent.delete(this.recent.keys().next().value ?? '');
  }

  get(tenant: string, commandId: string): CommandView | undefined {
    const history = this.recent.get(commandKey(tenant, commandId));
    return history && viewOf(history);
  }

  /** Of one device, those in memory. */
  of(tenant: string, deviceId: string): CommandView[] {
    const views = [...this.recent.values()].map(viewOf);
    return views.filter((c) => c?.tenant === tenant && c.device_id === deviceId) as CommandView[];
  }

  /** What its workflow starts with; undefined of one that was started by somebody else, or is not in memory. */
  inputOf(tenant: string, commandId: string): CommandInput | undefined {
    const issued = this.recent.get(commandKey(tenant, commandId))?.issued;
    return issued && inputOf(issued);
  }
}
