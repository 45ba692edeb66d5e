/** The dial with which tests make the plant and its broker misbehave. */

export type FaultKind = 'none' | 'delay' | 'drop' | 'exception' | 'garbage';

export interface Fault {
  readonly kind: FaultKind;
  /** Of a delay. */
  readonly ms?: number;
}

const KINDS: readonly FaultKind[] = ['none', 'delay', 'drop', 'exception', 'garbage'];
const MAX_DELAY_MS = 60_000;

/**
 * delay: answers come late; drop: machines and broker say nothing; exception: machines send what cannot be read;
 * garbage: bytes on every connection that are not MQTT, once.
 */
export class Faults {
  current: Fault = { kind: 'none' };

  constructor(private readonly garbage: () => void) {}

  /** Throws Error with what was expected. */
  take(data: unknown): void {
    const { kind, ms } = (data ?? {}) as Record<string, unknown>;
    if (!KINDS.includes(kind as FaultKind)) throw new Error(`kind: one of ${KINDS.join(', ')}`);
    if (ms !== undefined && !(typeof ms === 'number' && ms >= 0 && ms <= MAX_DELAY_MS))
      throw new Error(`ms: 0 to ${MAX_DELAY_MS}`);
    this.set(data as Fault);
  }

  set(fault: Fault): void {
    if (fault.kind === 'garbage') return this.garbage();
    this.current = fault;
  }

  /** What a machine does when it is asked for something: at once, late, or never. */
  whenAsked(act: () => void): void {
    const { kind, ms = 0 } = this.current;
    if (kind === 'delay') setTimeout(act, ms);
    else if (kind !== 'drop') act();
  }
}
