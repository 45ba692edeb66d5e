/** Opens a connection and closes it again: nothing is polled, subscribed to, stored or written. */
import { type FieldAdapter } from '../adapter';

/** Why it cannot be had, '' when it was had. An adapter without devices: the first word about the link itself counts. */
export async function tryLink(adapter: FieldAdapter, wait_ms: number): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const said = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${wait_ms} ms`), wait_ms);
    adapter.start({
      samples: () => undefined,
      link: ({ device, state, reason }) => {
        if (device !== undefined) return;
        if (state === 'connected') resolve('');
        else if (reason !== undefined) resolve(reason);
      },
      ready: () => Promise.resolve(),
    });
  });
  try {
    return await said;
  } finally {
    clearTimeout(timer);
    await adapter.close();
  }
}
