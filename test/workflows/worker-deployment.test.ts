import { deploymentOf } from '../../workflows/io/worker-deployment';

const names = { WORKER_DEPLOYMENT: 'millrace', WORKER_BUILD_ID: '7' };

test('nothing said: no versions', () => expect(deploymentOf({})).toEqual({}));

test.each([
  [{}, 'AUTO_UPGRADE'],
  [{ WORKER_VERSIONING: 'auto-upgrade' }, 'AUTO_UPGRADE'],
  [{ WORKER_VERSIONING: 'pinned' }, 'PINNED'],
])('%j: %s', (more, defaultVersioningBehavior) => {
  const version = { deploymentName: 'millrace', buildId: '7' };
  expect(deploymentOf({ ...names, ...more })).toEqual({
    workerDeploymentOptions: { version, useWorkerVersioning: true, defaultVersioningBehavior },
  });
});

test.each([
  [{ WORKER_DEPLOYMENT: 'millrace' }, /WORKER_BUILD_ID/],
  [{ WORKER_BUILD_ID: '7' }, /WORKER_DEPLOYMENT/],
  [{ ...names, WORKER_VERSIONING: 'loose' }, /WORKER_VERSIONING/],
])('%j is refused', (env, why) => expect(() => deploymentOf(env)).toThrow(why));
