/**
 * Versions of the worker side by side: with WORKER_DEPLOYMENT and WORKER_BUILD_ID set, Temporal gives new workflows to the
 * version that an operator made current, and lets others drain. Workflows move on with it (their recorded histories are
 * replayed by every build's tests); WORKER_VERSIONING=pinned keeps each on the version it began with.
 */
import { type WorkerOptions } from '@temporalio/worker';
import { ConfigurationError, type Env } from '../../services/lib/environment';

type Deployment = Pick<WorkerOptions, 'workerDeploymentOptions'>;

const BEHAVIOURS = { 'auto-upgrade': 'AUTO_UPGRADE', pinned: 'PINNED' } as const;

/** Nothing when neither name is set: a single worker that takes everything, as on one machine. */
export function deploymentOf(env: Env): Deployment {
  const { WORKER_DEPLOYMENT: deploymentName, WORKER_BUILD_ID: buildId } = env;
  if (!deploymentName && !buildId) return {};
  if (!deploymentName || !buildId) {
    const missing = deploymentName ? 'WORKER_BUILD_ID' : 'WORKER_DEPLOYMENT';
    throw new ConfigurationError(missing, 'is not set', 'a deployment and its build id go together');
  }
  const wanted = env['WORKER_VERSIONING'] || 'auto-upgrade';
  if (!(wanted in BEHAVIOURS))
    throw new ConfigurationError('WORKER_VERSIONING', `is ${wanted}`, 'set auto-upgrade or pinned');
  const defaultVersioningBehavior = BEHAVIOURS[wanted as keyof typeof BEHAVIOURS];
  return {
    workerDeploymentOptions: {
      version: { deploymentName, buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior,
    },
  };
}
