import { type Answer, FakeApi, type Seen } from './fake-api';
import { cli, type Ran } from './run-cli';

/** A command line against an API that always answers the same, and what that API was asked. */
export async function against(answer: Answer, ...argv: string[]): Promise<Ran & { seen: Seen[] }> {
  const api = new FakeApi(() => answer);
  const url = await api.start();
  try {
    return { ...(await cli(argv, { API_URL: url, MILLRACE_API_TOKEN: 'secret' })), seen: api.seen };
  } finally {
    await api.stop();
  }
}
