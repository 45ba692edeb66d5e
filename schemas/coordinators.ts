/**
 * Who coordinates a group or a transactional id. kafkajs asks before each of the four steps of a transaction, which is four of
 * its nine round trips; here an answer is good for a second. One that is old by then costs a retry, as a coordinator that moves
 * between question and use always has.
 */
import Cluster from 'kafkajs/src/cluster';
import { sendingTime } from './clock';

const GOOD_FOR_MS = 1_000;
/** Of one connection; a producer has two, an agent's a few more. Over it all are forgotten. */
const MAX_KNOWN = 100;

interface Question {
  readonly groupId: string;
  readonly coordinatorType?: number;
}

interface Known {
  readonly answer: Promise<unknown>;
  readonly until: number;
}

/** `find`, asked once for the same question within GOOD_FOR_MS. A failure is not remembered. */
export class Coordinators {
  private readonly known = new Map<string, Known>();

  constructor(private readonly now: () => number) {}

  find(question: Question, find: () => Promise<unknown>): Promise<unknown> {
    const key = `${question.coordinatorType ?? 0}/${question.groupId}`;
    const known = this.known.get(key);
    if (known && this.now() < known.until) return known.answer;
    const answer = find();
    if (this.known.size >= MAX_KNOWN) this.known.clear();
    this.known.set(key, { answer, until: this.now() + GOOD_FOR_MS });
    answer.catch(() => this.known.delete(key));
    return answer;
  }
}

let remembering = false;

/** Of the whole process: every producer and consumer has a cluster of its own, and each its own answers. */
export function rememberCoordinators(): void {
  if (remembering) return;
  remembering = true;
  const { prototype } = Cluster;
  const name = 'findGroupCoordinatorMetadata';
  const find = Object.getOwnPropertyDescriptor(prototype, name)?.value as (typeof prototype)[typeof name] | undefined;
  if (!find) throw new TypeError('kafkajs no longer looks for coordinators where it did');
  const all = new WeakMap<object, Coordinators>();
  prototype[name] = function (question) {
    let mine = all.get(this);
    if (!mine) all.set(this, (mine = new Coordinators(sendingTime)));
    return mine.find(question, () => find.call(this, question));
  };
}
