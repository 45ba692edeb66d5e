/** `agent enroll` and `agent renew`: the agent's certificate. */
import { enroll, IdentityError, renew } from '../io/identity/certify';
import { type IdentityFacts, IdentityFiles } from '../io/identity/identity';
import { type Output } from './validate';

export interface EnrollOptions {
  readonly directory: string;
  readonly api: string;
  readonly claim: string;
  /** ms since 1970-01-01 UTC. */
  readonly now: number;
}

/** Resolves with the exit code. */
export const enrollAgent = ({ directory, api, claim, now }: EnrollOptions, output: Output): Promise<number> =>
  told(output, directory, (files) => enroll(files, api, claim, now));

export const renewAgent = (directory: string, now: number, output: Output): Promise<number> =>
  told(output, directory, (files) => renew(files, now));

async function told(
  output: Output,
  directory: string,
  act: (files: IdentityFiles) => Promise<IdentityFacts>,
): Promise<number> {
  const files = new IdentityFiles(directory);
  try {
    const { kind, id, tenant, expires_at } = await act(files);
    output.out(`${kind} ${id} of ${tenant} is certified until ${new Date(expires_at).toISOString()}: ${files.pem}`);
    return 0;
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error;
    output.err(`${error.message}\n  ${error.hint}`);
    return 1;
  }
}
