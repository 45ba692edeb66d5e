/** Compares what the platform says about each command with what the plant recorded. */
import { type CommandView } from '../../../services/domain/command';
import { type Order } from './command-orders';

export interface Evidence {
  readonly order: Order;
  readonly command_id: string;
  /** From m2m.command-events; undefined when there is not one event. */
  readonly view: CommandView | undefined;
  /** How the workflow ended: its result's state, or the status it is in instead. */
  readonly workflow: string;
  /** State in SQL; undefined when it is not there. */
  readonly sql: string | undefined;
  /** How often the plant took the value. */
  readonly writes: number;
}

/** Says in words what is wrong with one command; empty when nothing is. */
export function faults(e: Evidence): string[] {
  const { order, view, writes } = e;
  const wrong: string[] = [];
  if (!view) return ['no event'];
  if (!view.settled) wrong.push(`not settled: ${view.state}`);
  if (order.qos === 2 && writes > 1) wrong.push(`QoS 2 written ${writes} times`);
  if (view.state === 'outcome-unknown' && order.qos === 1) wrong.push('never resolved');
  wrong.push(...contradictions(view, writes), ...disagreements(e, view));
  return wrong;
}

function contradictions({ state }: CommandView, writes: number): string[] {
  const done = state === 'verified' || state === 'executed';
  if (done && writes === 0) return [`${state}, and the plant took nothing`];
  const undone = state === 'expired' || state === 'cancelled';
  if (undone && writes > 0) return [`${state}, and the plant took it ${writes} times`];
  return [];
}

/** The workflow's word may be older than the log's: an unknown that was resolved, an execution that was verified. */
function disagreements({ workflow, sql }: Evidence, { state }: CommandView): string[] {
  const wrong: string[] = [];
  if (workflow !== state && workflow !== 'outcome-unknown' && workflow !== 'executed')
    wrong.push(`the workflow says ${workflow}, the log ${state}`);
  if (sql !== state) wrong.push(`SQL says ${sql ?? 'nothing'}, the log ${state}`);
  return wrong;
}
