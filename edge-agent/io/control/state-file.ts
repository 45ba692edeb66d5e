/** What local control must know again after a restart, in one file: replaced whole, durable when `save` resolves. */
import { open, readFile, rename } from 'node:fs/promises';
import { type AlarmState } from '../../core/alarms/alarm';
import { type RuleRecord } from '../../core/rules/engine';
import { type AlarmEvent } from '../../../schemas/generated';

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

  async save(state: ControlState): Promise<void> {
    const temporary = `${this.path}.new`;
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(JSON.stringify(state));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.path);
  }
}
