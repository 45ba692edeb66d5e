import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { publicPorts, type PublicPort } from '../../local/port-plan';
import { CliError } from '../errors';

/** What commander gives for `up`; port options appear camel-cased: apiPort. */
export interface RawUpOptions {
  readonly detach?: boolean;
  readonly plant: boolean;
  readonly secure?: boolean;
  readonly profile?: string;
  readonly ports?: string;
  readonly summary?: boolean;
  readonly without?: readonly string[];
  readonly [port: `${string}Port`]: string | undefined;
}

export interface UpOptions {
  readonly detach: boolean;
  readonly plant: boolean;
  /** Kafka with TLS and rights, the agent with a certificate of its own. */
  readonly secure: boolean;
  readonly profile: string;
  readonly autoPorts: boolean;
  readonly ports: Partial<Record<PublicPort, number>>;
  /** False for the background half of --detach: the foreground half prints it. */
  readonly summary: boolean;
  /** Processes that the user runs otherwise, in a debugger for instance. */
  readonly without: readonly string[];
}

export const portOption = (raw: RawUpOptions, name: PublicPort): string | undefined => raw[`${camel(name)}Port`];

const camel = (name: string): string => name.replace(/-([a-z])/g, (_, c: string) => c.toUpperCase());

/** Throws CliError `usage`. */
export function upOptions(raw: RawUpOptions, projectRoot: string): UpOptions {
  if (raw.ports !== undefined && raw.ports !== 'auto')
    throw new CliError(
      'usage',
      'up',
      `--ports ${raw.ports} is unknown`,
      'give --ports auto, or single ports as --api-port 9080',
    );
  const profile = resolve(raw.profile ?? join(projectRoot, 'deploy', 'local', 'profiles', 'demo.yaml'));
  if (!existsSync(profile))
    throw new CliError('usage', 'up', `there is no profile ${profile}`, 'give a readable file to --profile');
  const ports = publicPorts.flatMap((name) => {
    const text = portOption(raw, name);
    return text === undefined ? [] : [[name, Number(text)] as const];
  });
  return {
    detach: raw.detach ?? false,
    plant: raw.plant,
    secure: raw.secure ?? false,
    profile,
    autoPorts: raw.ports === 'auto',
    ports: Object.fromEntries(ports),
    summary: raw.summary ?? true,
    without: raw.without ?? [],
  };
}
