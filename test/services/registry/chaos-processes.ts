/** The processes of a chaos run: registries, the broker, a projector; killed, frozen, and started again. */
import { join } from 'node:path';
import { type Admin } from 'kafkajs';
import { sourceFiles } from '../../../deploy/clickhouse/files';
import { over } from '../../../deploy/clickhouse/http';
import { migrate } from '../../../deploy/clickhouse/migrate';
import { render } from '../../../deploy/clickhouse/render';
import { DEFINITIONS_GROUP } from '../../../services/registry/definitions';
import { GROUP_ID } from '../../../services/registry/partition';
import { forgetMembers } from '../../chaos/support/leave-group';
import { type Stack } from '../../support/stack';
import { ServiceProcess } from '../service-process';

const REGISTRIES = 2;
const PROJECTOR_GROUP = 'millrace-projector';
/** Longer than the consumer's session, so that the others take over what the frozen one still thinks it owns. */
const FREEZE_MS = 12_000;

export class ChaosProcesses {
  private readonly registries: ServiceProcess[] = [];
  private readonly thaws: Promise<void>[] = [];
  private projector: ServiceProcess | undefined;

  constructor(
    private readonly stack: Stack,
    private readonly admin: Admin,
  ) {}

  async start(sql: boolean): Promise<void> {
    for (let i = 0; i < REGISTRIES; i++) {
      const registry = await this.launch('registry');
      this.registries.push(registry);
      await registry.ready();
    }
    if (!sql) return;
    const { CLICKHOUSE_URL: url = '', CLICKHOUSE_USER: user = '', CLICKHOUSE_PASSWORD: password = '' } = this.stack.env;
    const target = { kind: 'single', database: 'millrace' } as const;
    await migrate(over({ url, user, password }), render(sourceFiles(), target), target);
    this.projector = await this.launch('projector');
    await this.projector.ready();
  }

  /** As the launcher does: a registry that found no broker at its start has ended by itself. */
  async revive(): Promise<void> {
    for (const [i, registry] of this.registries.entries())
      if (!registry.alive) this.registries[i] = await this.launch('registry');
    if (this.projector && !this.projector.alive) this.projector = await this.launch('projector');
  }

  /** kill -9 of `n` registries at once, from the one at `first`. */
  async killRegistries(first: number, n: number): Promise<void> {
    const places = Array.from({ length: n }, (_, i) => (first + i) % REGISTRIES);
    const victims = places.flatMap((i) => this.registries[i] ?? []);
    await Promise.all(victims.map((victim) => victim.kill()));
    await this.forget(GROUP_ID, DEFINITIONS_GROUP);
    for (const i of places) this.registries[i] = await this.launch('registry');
  }

  async killBroker(): Promise<void> {
    await this.stack.kill('kafka');
    await this.stack.restart('kafka');
  }

  async killProjector(): Promise<void> {
    await this.projector?.kill();
    await this.forget(PROJECTOR_GROUP);
    this.projector = await this.launch('projector');
  }

  /** A zombie: wakes up, later, believing it owns partitions that have another owner. */
  freeze(place: number): void {
    const frozen = this.registries[place % REGISTRIES];
    frozen?.signal('SIGSTOP');
    const thaw = new Promise<void>((resolve) => setTimeout(resolve, FREEZE_MS)).then(() => frozen?.signal('SIGCONT'));
    this.thaws.push(thaw);
  }

  async thawed(): Promise<void> {
    await Promise.all(this.thaws);
  }

  async stop(): Promise<void> {
    const all = this.projector ? [...this.registries, this.projector] : this.registries;
    await Promise.all(all.map((process) => process.kill()));
  }

  private forget(...groups: string[]): Promise<void> {
    return forgetMembers(this.admin, this.stack.env['KAFKA_BROKERS'] ?? '', groups);
  }

  private launch(name: 'registry' | 'projector'): Promise<ServiceProcess> {
    return ServiceProcess.launch(name, this.stack.env, join(this.stack.dataDir, 'logs', `${name}.log`));
  }
}
