/** `agent probe`: one question about a draft on stdin, its answer on stdout, both JSON. The working agent starts it (io/probes.ts). */
import { type ProbeRequest } from '../../schemas/probe';
import { probe, type ProbeDeps, reasonOf } from '../probe/probe';
import { type Output } from './validate';

/** Exit code: 0 answered, 1 refused with the reason. */
export async function answerProbe(question: string, deps: ProbeDeps, output: Output): Promise<number> {
  try {
    const result = await probe(JSON.parse(question) as ProbeRequest, deps);
    output.out(JSON.stringify(result));
    return 0;
  } catch (error) {
    output.err(reasonOf(error));
    return 1;
  }
}
