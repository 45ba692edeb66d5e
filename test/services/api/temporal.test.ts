/** A server whose database was lost: what it was told when it was connected to is told again. */
import { madeAnew } from '../../../services/lib/temporal';

const forgetful = (): Error =>
  new Error('Failed to start Workflow', {
    cause: new Error(
      '3 INVALID_ARGUMENT: Namespace default has no mapping defined for search attribute MillraceDevice',
    ),
  });

/** Fails so many times, then answers. */
function server(failures: Error[]) {
  const seen: string[] = [];
  const question = (): Promise<string> => {
    seen.push('asked');
    const failure = failures.shift();
    return failure ? Promise.reject(failure) : Promise.resolve('started');
  };
  const make = (): Promise<void> => Promise.resolve(void seen.push('made'));
  return { seen, asked: () => madeAnew(question, make) };
}

test('search attributes that a server has forgotten are made anew, and it is asked again', async () => {
  const { seen, asked } = server([forgetful()]);
  expect(await asked()).toBe('started');
  expect(seen).toEqual(['asked', 'made', 'asked']);
});

test('once: a server that still does not know them is told of', async () => {
  const { seen, asked } = server([forgetful(), forgetful()]);
  await expect(asked()).rejects.toThrow('Failed to start Workflow');
  expect(seen).toEqual(['asked', 'made', 'asked']);
});

test('any other failure is none of its business', async () => {
  const { seen, asked } = server([new Error('3 INVALID_ARGUMENT: a bad id')]);
  await expect(asked()).rejects.toThrow('a bad id');
  expect(seen).toEqual(['asked']);
});
