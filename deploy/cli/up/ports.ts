/** The ports of this run: chosen, remembered, and looked at before anything starts. */
import { existsSync, readFileSync } from 'node:fs';
import { PORTS_OF } from '../../local/backends';
import { type ComponentName } from '../../local/components/spec';
import { type DataDir } from '../../local/data-dir';
import {
  choosePorts,
  optionOf,
  type Ports,
  PUBLIC_PORTS,
  type PublicPort,
  publicPorts,
  variableOf,
} from '../../local/port-plan';
import { LauncherError } from '../../local/supervisor/errors';
import { type Listener, listenersOn, listeningPorts } from '../../local/supervisor/listeners';
import { writeAtomically } from '../../local/supervisor/run-file';
import { type Env } from '../context';
import { type UpOptions } from './options';

export function rememberedPorts(dir: DataDir): Partial<Record<string, number>> {
  return existsSync(dir.ports) ? (JSON.parse(readFileSync(dir.ports, 'utf8')) as Record<string, number>) : {};
}

export interface PortRequest {
  readonly options: Pick<UpOptions, 'ports' | 'autoPorts' | 'plant' | 'secure'>;
  readonly env: Env;
  readonly dir: DataDir;
  readonly external: ReadonlySet<ComponentName>;
  /** Processes of our own that an earlier launcher left: what they hold is ours. */
  readonly own: ReadonlySet<number>;
}

/** Throws LauncherError `port-taken`, naming every taken port with its holder, and `configuration`. */
export function settlePorts({ options, env, dir, external, own }: PortRequest): Ports {
  const remembered = rememberedPorts(dir);
  const holders = new Map(listenersOn([...listeningPorts()]).map((l) => [l.port, l]));
  const foreign = (port: number): Listener | undefined => {
    const holder = holders.get(port);
    return holder?.pid !== undefined && own.has(holder.pid) ? undefined : holder;
  };
  const ports = choosePorts({
    options: options.ports,
    env,
    remembered,
    auto: options.autoPorts,
    instance: dir.instance,
    taken: (port) => foreign(port) !== undefined,
  });
  const unused = new Set<PublicPort>([...external].flatMap((name) => PORTS_OF[name]));
  if (!options.plant) unused.add('plant');
  if (!options.secure) unused.add('api-mtls');
  const used = publicPorts.filter((name) => !unused.has(name));
  const conflicts = used.flatMap((name) => {
    const holder = foreign(ports[name]);
    return holder ? [{ name, holder }] : [];
  });
  if (conflicts.length > 0) throw portTaken(conflicts);
  const kept = Object.fromEntries(Object.entries(ports).filter(([name]) => !unused.has(name as PublicPort)));
  writeAtomically(dir.ports, `${JSON.stringify(kept, undefined, 2)}\n`);
  return ports;
}

function portTaken(conflicts: readonly { name: PublicPort; holder: Listener }[]): LauncherError {
  const lines = conflicts.map(({ name, holder }) => {
    const by = holder.pid === undefined ? 'a process of another user' : `pid ${holder.pid}: ${holder.command ?? '?'}`;
    return `port ${holder.port} (${PUBLIC_PORTS[name].what}) is taken by ${by}`;
  });
  const [first] = conflicts;
  const example = first ? `${optionOf(first.name)} N (or ${variableOf(first.name)}=N)` : '';
  const hint = `stop what holds it, choose another with ${example}, or let all be chosen with --ports auto`;
  return new LauncherError('port-taken', 'choose ports', lines.join('\n  '), hint);
}
