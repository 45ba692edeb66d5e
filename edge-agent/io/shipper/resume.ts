/** Where each lane goes on when the stream can be asked again, and what speaks against going on. Pure. */
import { type Lane, type OutboxReader, type ShippedCursor } from '../outbox-api';
import { type Commits, resumeAt } from './commit';
import { ShipperError } from './contract';

export interface Resumed {
  readonly cursors: Record<Lane, ShippedCursor>;
  readonly because: Record<Lane, { next: number; because: string }>;
}

const HINT = 'restore the agent’s disk, or give this agent a new id: numbers already used must not come again';

/**
 * `first`: nothing was shipped since the outbox was opened, so the stream can have nothing beyond what was found then;
 * what was appended meanwhile must not hide that the disk has lost something. Throws ShipperError.
 */
export function resume(
  outbox: Pick<OutboxReader, 'id' | 'status'>,
  committed: Commits,
  noted: Commits | undefined,
  first: boolean,
): Resumed {
  const cursors = {} as Resumed['cursors'];
  const because = {} as Resumed['because'];
  for (const lane of ['priority', 'telemetry'] as const) {
    const { next, found } = outbox.status(lane);
    const at = resumeAt(outbox.id, first ? found : next, committed[lane], noted?.[lane]);
    if (at.kind === 'refused') throw new ShipperError(at.code, `resume ${lane}`, at.message, HINT);
    cursors[lane] = at.cursor;
    because[lane] = { next: at.cursor.next, because: at.because };
  }
  return { cursors, because };
}
