/** Devices of many protocols at once, as one plant. */
import { rebooted } from '../boiler';
import { type FieldPlant, FIELDS, type MixedPlace, type MixedPort } from './fields';

export class MixedPlant {
  readonly fields: ReadonlyMap<string, FieldPlant>;
  /** The dial takes a fault of one protocol: {"protocol": "coap", "kind": "drop"}. */
  readonly faults: { readonly current: unknown; take(data: unknown): void };

  constructor(place: MixedPlace) {
    const port = (name: MixedPort): number => place.ports[name] ?? 0;
    const spoken = FIELDS.filter(({ ports }) => ports.every((name) => place.ports[name] !== undefined));
    this.fields = new Map(spoken.map(({ name, make }) => [name, make(place, port)] as const));
    const { fields } = this;
    this.faults = {
      get current() {
        return Object.fromEntries([...fields].map(([name, field]) => [name, field.faults.current]));
      },
      take: (data) => this.misbehave(data),
    };
  }

  get running(): boolean {
    return [...this.fields.values()].every((field) => field.running);
  }

  get writes(): object {
    return Object.fromEntries([...this.fields].map(([name, field]) => [name, field.writes]));
  }

  async start(): Promise<void> {
    for (const field of this.fields.values()) await field.start();
  }

  async stop(): Promise<void> {
    for (const field of this.fields.values()) await field.stop();
  }

  async end(): Promise<void> {
    for (const field of this.fields.values()) await (field.end?.() ?? field.stop());
  }

  reboot(down_ms: number): Promise<void> {
    return rebooted(this, down_ms);
  }

  private misbehave(data: unknown): void {
    const { protocol, ...fault } = (data ?? {}) as Record<string, unknown>;
    const field = this.fields.get(String(protocol));
    if (!field) throw new Error(`protocol: one of ${[...this.fields.keys()].join(', ')}`);
    field.faults.take(fault);
  }
}
