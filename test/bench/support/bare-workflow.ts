/** The least a workflow with an effect and an answer can be: what the server itself costs. */
import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';

export const answered = defineSignal('answered');

const { effect } = proxyActivities<{ effect(): Promise<void> }>({ startToCloseTimeout: 60_000 });

export async function bare(): Promise<void> {
  let done = false;
  setHandler(answered, () => {
    done = true;
  });
  await effect();
  await condition(() => done);
}
