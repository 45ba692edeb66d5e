/** The dial with which tests make the plant misbehave. */

export type FaultKind = 'none' | 'delay' | 'drop' | 'exception' | 'garbage';

export interface Fault {
  readonly kind: FaultKind;
  /** The unit concerned; all when absent. */
  readonly unit?: number;
  /** Of a delay. */
  readonly ms?: number;
  /** Modbus exception code. */
  readonly code?: number;
  /** Requests after which the fault ends by itself; for ever when absent. */
  readonly count?: number;
}

const KINDS: readonly FaultKind[] = ['none', 'delay', 'drop', 'exception', 'garbage'];
const MAX_DELAY_MS = 60_000;

/** Throws Error with what was expected. */
export function parseFault(data: unknown): Fault {
  const { kind, unit, ms, code, count } = (data ?? {}) as Record<string, unknown>;
  if (!KINDS.includes(kind as FaultKind)) throw new Error(`kind: one of ${KINDS.join(', ')}`);
  for (const [name, value, max] of [
    ['unit', unit, 255],
    ['ms', ms, MAX_DELAY_MS],
    ['code', code, 255],
    ['count', count, 1_000_000],
  ] as const)
    if (value !== undefined && !(Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max))
      throw new Error(`${name}: an integer from 0 to ${max}`);
  return data as Fault;
}

class FaultException extends Error {
  constructor(readonly modbusErrorCode: number) {
    super(`exception ${modbusErrorCode} by the fault dial`);
  }
}

export class Faults {
  private fault: Fault = { kind: 'none' };
  private left = Infinity;

  /** `garbage` puts nonsense on every open connection. */
  constructor(private readonly garbage: () => void) {}

  get current(): Fault {
    return this.fault;
  }

  /** Throws Error with what was expected. */
  take(data: unknown): void {
    this.set(parseFault(data));
  }

  set(fault: Fault): void {
    this.fault = fault;
    this.left = fault.count ?? Infinity;
  }

  /** Passes an answer on as the dial says: at once, late, never, as an exception. */
  apply<T>(unit: number, answer: () => T): T | Promise<T> {
    const { kind, unit: only, ms = 0, code = 4 } = this.fault;
    if (kind === 'none' || (only !== undefined && only !== unit)) return answer();
    if (--this.left <= 0) this.fault = { kind: 'none' };
    switch (kind) {
      case 'delay':
        return new Promise((resolve) => setTimeout(resolve, ms)).then(answer);
      case 'drop':
        return new Promise<T>(() => undefined);
      case 'exception':
        throw new FaultException(code);
      case 'garbage':
        this.garbage();
        return answer();
    }
  }
}
