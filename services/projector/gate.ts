/**
 * Who may insert now. Two bounds: so many inserts at once; and so many inserts into a topic's tables while another
 * partition's insert there has an unknown outcome, because the engine remembers the tokens of its last inserts only.
 */
export const MAX_INSERTS_AT_ONCE = 4;
/**
 * Inserts into one topic's tables after which a token may be forgotten, with a wide margin: the tables remember
 * 10,000 parts or more (deploy/clickhouse), and one insert is one part per table and partition of it.
 */
export const TOKEN_MEMORY = 1_000;
/** The same, seen from the ledger after a restart: other instances do not wait for what this one has pending. */
export const SAFE_INSERTS = 2 * TOKEN_MEMORY;

export class Gate {
  private free: number;
  private readonly waiting: (() => void)[] = [];
  private readonly topics = new Map<string, { inserts: number; open: Set<Turn> }>();

  constructor(
    slots: number = MAX_INSERTS_AT_ONCE,
    private readonly memory: number = TOKEN_MEMORY,
  ) {
    this.free = slots;
  }

  /** From the moment an insert may have begun until it is in the ledger. Close it exactly once. */
  open(topic: string): Turn {
    const state = this.stateOf(topic);
    const turn = new Turn(state.inserts, () => {
      state.open.delete(turn);
      this.wake();
    });
    state.open.add(turn);
    return turn;
  }

  /** Runs one insert of the turn when both bounds allow it. */
  async pass<T>(topic: string, turn: Turn, insert: () => Promise<T>): Promise<T> {
    const state = this.stateOf(topic);
    while (this.free === 0 || this.wouldForget(state, turn)) await new Promise<void>((r) => this.waiting.push(r));
    this.free--;
    state.inserts++;
    try {
      return await insert();
    } finally {
      this.free++;
      this.wake();
    }
  }

  private wouldForget(state: { inserts: number; open: Set<Turn> }, own: Turn): boolean {
    for (const turn of state.open) if (turn !== own && state.inserts - turn.since >= this.memory) return true;
    return false;
  }

  private stateOf(topic: string): { inserts: number; open: Set<Turn> } {
    let state = this.topics.get(topic);
    if (!state) this.topics.set(topic, (state = { inserts: 0, open: new Set() }));
    return state;
  }

  /** All of them look again: few partitions, and each has its own reason. */
  private wake(): void {
    for (const resume of this.waiting.splice(0)) resume();
  }
}

export class Turn {
  constructor(
    readonly since: number,
    readonly close: () => void,
  ) {}
}
