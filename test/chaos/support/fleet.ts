/**
 * Many simulated devices behind one agent, as a process of its own that can be killed: takes orders from the agent's topic, carries
 * `millrace.update` and `millrace.update-rollback` out once on each device, and answers as an agent does. What happened to a
 * device is in the journal and on the disk before it is told.
 *
 *   node dist/test/chaos/support/fleet.js FACTS.json AGENT JOURNAL INSTALL_MS FAILING_PERCENT
 */
import { appendFileSync, fdatasyncSync, openSync, readFileSync, truncateSync } from 'node:fs';
import { type Command } from '../../../schemas/generated';
import { parseManifest } from '../../../schemas/manifest';
import { FakeAgent } from '../../workflows/support/fake-agent';
import { fails, type Happened, imagesOf, readJournal } from './fleet-journal';

const UPDATE = 'millrace.update';

async function main([facts = '', agent = '', file = '', install_ms = '', failing = '']: string[]): Promise<void> {
  const fleet = new Fleet(file, Number(install_ms), Number(failing));
  const env = JSON.parse(readFileSync(facts, 'utf8')) as Record<string, string>;
  fleet.agent = await FakeAgent.start(env, agent, (order) => fleet.take(order));
}

class Fleet {
  private readonly done = new Map<string, Happened>();
  private readonly under_way = new Set<string>();
  private readonly journal: number;
  agent: FakeAgent | undefined;

  constructor(
    file: string,
    private readonly install_ms: number,
    private readonly failing_percent: number,
  ) {
    const known = readJournal(file);
    for (const happened of known) this.done.set(happened.command_id, happened);
    this.journal = openSync(file, 'a');
    truncateSync(file, Buffer.byteLength(known.map(line).join('')));
  }

  /** Answers come later; a re-send of what is under way is left to it. */
  take(order: Command): [] {
    if (this.under_way.has(order.command_id)) return [];
    this.under_way.add(order.command_id);
    void this.carryOut(order).catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
    return [];
  }

  private async carryOut(order: Command): Promise<void> {
    if (!this.done.has(order.command_id)) {
      await this.agent?.report(order, [{ state: 'delivered' }]);
      await new Promise((resolve) => setTimeout(resolve, this.install_ms));
      this.keep(this.happens(order));
    }
    const failed = this.done.get(order.command_id)?.what === 'failed';
    const answer = failed ? { state: 'failed', detail: 'self-check failed, went back' } : { state: 'executed' };
    await this.agent?.report(order, [answer]);
  }

  private happens({ command_id, device_id, name, args }: Command): Happened {
    const { manifest = '', sha256 = '' } = JSON.parse(args) as { manifest?: string; sha256?: string };
    if (name !== UPDATE) {
      const mine = [...this.done.values()].filter((h) => h.device_id === device_id);
      return { command_id, device_id, what: imagesOf(mine).get(device_id) === sha256 ? 'back' : 'nothing', sha256 };
    }
    const read = parseManifest(manifest);
    if (typeof read === 'string') throw new Error(`order ${command_id}: ${read}`);
    const what = fails(device_id, this.failing_percent) ? 'failed' : 'apply';
    return { command_id, device_id, what, sha256: read.signed.sha256 };
  }

  private keep(happened: Happened): void {
    appendFileSync(this.journal, line(happened));
    fdatasyncSync(this.journal);
    this.done.set(happened.command_id, happened);
  }
}

function line(happened: Happened): string {
  return `${JSON.stringify(happened)}\n`;
}

void main(process.argv.slice(2));
