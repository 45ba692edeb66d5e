/** The parts of a Pod that the tests look at. */
import { type Manifest } from '../../../deploy/chart/render';

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext?: object;
}

export interface Pod {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly { readonly name: string; readonly secret?: { readonly secretName: string } }[];
  readonly securityContext?: object;
  readonly automountServiceAccountToken?: boolean;
}

const WITH_TEMPLATE = new Set(['Deployment', 'StatefulSet', 'Job']);

export function podOf({ kind, spec }: Manifest): Pod | undefined {
  if (kind === 'Pod') return spec as Pod;
  return WITH_TEMPLATE.has(kind) ? (spec as { template: { spec: Pod } }).template.spec : undefined;
}

export const workloads = (of: readonly Manifest[]): Manifest[] => of.filter((m) => podOf(m) !== undefined);

export const containersOf = (pod: Pod | undefined): Container[] => [
  ...(pod?.initContainers ?? []),
  ...(pod?.containers ?? []),
];
