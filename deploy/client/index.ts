/**
 * The REST API with its types, made from openapi.yaml: paths, parameters, bodies and answers are checked when your program is compiled.
 *
 *   const api = millraceClient({ url: 'https://…', token });
 *   const { device_id } = dataOf(await api.POST('/devices', { body: { device_id: 'pump-7' } }));
 *
 * A refusal is no exception here: `error` holds the problem (RFC 9457), or dataOf() throws it.
 */
import createClient, { type Client } from 'openapi-fetch';
import { type components, type paths } from './generated/api';

export type { components, operations, paths } from './generated/api';
export type Schemas = components['schemas'];
export type Problem = Schemas['Problem'];
export type MillraceClient = Client<paths>;

export interface ClientOptions {
  /** Of the installation, without the path of the API. */
  readonly url: string;
  /** Token or API key; a connection with a client certificate needs none. */
  readonly token?: string | undefined;
  /** What sends requests; by default the fetch of Node. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

export function millraceClient({ url, token, fetch }: ClientOptions): MillraceClient {
  return createClient<paths>({
    baseUrl: `${url.replace(/\/$/, '')}/api/v1`,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(fetch && { fetch }),
  });
}

/** What the API refused, and why. */
export class ProblemError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Partial<Problem>,
  ) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
    this.name = 'ProblemError';
  }
}

interface Answer<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/** The answer's body. Throws ProblemError when there is a problem instead. */
export function dataOf<T>({ data, error, response }: Answer<T>): T {
  if (!response.ok) throw new ProblemError(response.status, typeof error === 'object' ? (error as Problem) : {});
  return data as T;
}
