/** `agent browse`: what an OPC UA server has, as points of a profile. `agent trust`: whose certificate it shows, and trusting it. */
import { stringify } from 'yaml';
import { type AgentPlan, type ConnectionPlan } from '../core/compile/plan';
import { browse } from '../adapters/opcua/browse';
import { connectionSettings, nodeName, type OpcUaSettings, type Policy } from '../adapters/opcua/settings';
import type * as PkiModule from '../adapters/opcua/pki';
import type * as OpenModule from '../adapters/opcua/open';
import { createRequire } from 'node:module';
import { type Output } from './validate';

const load = createRequire(__filename);

export interface BrowseOptions {
  readonly node?: string;
  readonly depth: number;
  readonly max: number;
}

export interface Server {
  readonly settings: OpcUaSettings;
}

/** The server of a profile, or one named by its address, which must then not ask for more than its name. */
export function serverOf(plan: AgentPlan | undefined, connection?: string, endpoint?: string, policy?: Policy): Server {
  if (endpoint !== undefined)
    return {
      settings: connectionSettings({
        name: 'browse',
        protocol: 'opcua',
        opcua: { endpoint, ...(policy && { policy }), ...(policy !== 'None' && { pki: 'pki' }) },
      }),
    };
  const all = plan?.connections.filter((c) => c.protocol === 'opcua') ?? [];
  const found = connection === undefined ? all : all.filter((c) => c.name === connection);
  const [only] = found;
  if (only && found.length === 1) return { settings: only.settings as OpcUaSettings };
  const names = all.map((c: ConnectionPlan) => c.name).join(', ') || 'none';
  throw new Error(`name one connection with --connection: the profile's with protocol opcua are ${names}`);
}

/** Exit code: 0 when something was found. */
export async function browseServer({ settings }: Server, options: BrowseOptions, output: Output): Promise<number> {
  const start = options.node === undefined ? undefined : nodeName(options.node, undefined);
  if (options.node !== undefined && !start)
    throw new Error(`--node: nsu=<namespace URI>;s=<name>, not ${options.node}`);
  const { openLink } = load('../adapters/opcua/open') as typeof OpenModule;
  const link = await openLink(settings, new AbortController().signal);
  try {
    const { points, leftOut, cut } = await browse(link, start, options);
    output.out(stringify({ points }).trimEnd());
    for (const reason of leftOut) output.err(`left out: ${reason}`);
    output.err(
      `${points.length} points${cut ? `, and more than --max ${options.max} there: go deeper with --node` : ''}`,
    );
    return points.length > 0 ? 0 : 1;
  } finally {
    await link.close(new Error('browsed'), true);
  }
}

/** Exit code: 0 trusted now or before, 2 shown and not trusted. */
export async function trustServer({ settings }: Server, yes: boolean, output: Output): Promise<number> {
  const { pki, endpoint } = settings;
  if (pki === undefined) throw new Error('policy None trusts nobody: there is nothing to do');
  const { certificateOf, trust } = load('../adapters/opcua/pki') as typeof PkiModule;
  const certificate = await certificateOf(settings);
  output.out(
    [
      `${endpoint} shows`,
      `  subject      ${certificate.subject.replaceAll('\n', ', ')}`,
      `  issuer       ${certificate.issuer.replaceAll('\n', ', ')}`,
      `  valid        ${certificate.validFrom} to ${certificate.validTo}`,
      `  fingerprint  ${certificate.fingerprint256}`,
    ].join('\n'),
  );
  if (!yes) {
    output.err('not trusted yet: compare the fingerprint with the one on the server, then repeat with --yes');
    return 2;
  }
  await trust(pki, certificate.raw);
  output.err(
    `trusted: it is in ${pki}. The server must trust the agent too: its certificate is under ${pki}/own/certs`,
  );
  return 0;
}
