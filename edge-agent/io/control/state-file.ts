/** What local control must know again after a restart, in one file: replaced whole, durable when `save` resolves. */
import { readFile } from 'node:fs/promises';
import { type AlarmState } from '../../core/alarms/alarm';
import { type RuleRecord } from '../../core/rules/engine';
import { type AlarmEvent } from '../../../schemas/generated';
import { replaceFile } from '../replace-file';

export interface ControlState {
  readonly rules: Readonly<Record<string, RuleRecord>>;
  readonly alarms: readonly AlarmState[];
  /** Events of alarms that are not known to be in the outbox. */
  readonly untold: readonly AlarmEvent[];
  /** By device and geofence: in it since then, ms since 1970-01-01 UTC. */
  readonly inside: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export const NO_STATE: ControlState = { rules: {}, alarms: [], untold: [], inside: {} };

export class StateFile {
  constructor(private readonly path: string) {}

  /** What was saved last; nothing when there is no file. Throws when there is one that cannot be read. */
  async load(): Promise<ControlState> {
    const text = await readFile(this.path, 'utf8').catch((e: NodeJS.ErrnoException) => {
      if (e.code === 'ENOENT') return '{}';
      throw e;
    });
    return { ...NO_STATE, ...(JSON.parse(text) as Partial<ControlState>) };
  }

  save(state: ControlState): Promise<void> {
    return replaceFile(this.path, JSON.stringify(state));
  }
}
