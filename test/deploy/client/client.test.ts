import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataOf, millraceClient, ProblemError } from '../../../deploy/client';
import { GENERATED, headerOf } from '../../../deploy/client/generate';
import { projectRoot } from '../../../schemas/root';

test('its types are those of openapi.yaml as it is: node dist/deploy/client/generate.js', () => {
  const root = projectRoot();
  expect(readFileSync(join(root, GENERATED), 'utf8').split('\n', 1)).toEqual([headerOf(root)]);
});

describe('a call', () => {
  const seen: Request[] = [];
  const answering = (status: number, body: object) =>
    millraceClient({
      url: 'https://north.example/',
      token: 'secret',
      fetch: (request) => {
        seen.push(request);
        return Promise.resolve(Response.json(body, { status }));
      },
    });
  beforeEach(() => (seen.length = 0));

  test('goes to the path with its parameters, as who has the token', async () => {
    const api = answering(200, { items: [], next: 'c' });
    const query = { label: ['floor=1', 'a=b'], limit: 5 };
    expect(dataOf(await api.GET('/devices', { params: { query } }))).toEqual({ items: [], next: 'c' });
    await api.POST('/devices/{id}/{move}', { params: { path: { id: 'a:b', move: 'suspend' } }, body: { reason: 'x' } });
    expect(seen.map((r) => `${r.method} ${r.url}`)).toEqual([
      'GET https://north.example/api/v1/devices?label=floor%3D1&label=a%3Db&limit=5',
      'POST https://north.example/api/v1/devices/a%3Ab/suspend',
    ]);
    expect(seen.map((r) => r.headers.get('authorization'))).toEqual(['Bearer secret', 'Bearer secret']);
    expect(await seen[1]?.json()).toEqual({ reason: 'x' });
  });

  test('that is refused holds the problem, or throws it', async () => {
    const problem = {
      type: 'about:blank',
      title: 'Conflict',
      status: 409,
      detail: 'cannot resume',
      code: 'illegal-move',
    };
    const answer = await answering(409, problem).POST('/devices', { body: { device_id: 'd' } });
    expect(answer.error).toEqual(problem);
    expect(() => dataOf(answer)).toThrow(ProblemError);
    expect(() => dataOf(answer)).toThrow('cannot resume');
  });
});
