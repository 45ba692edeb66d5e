/**
 * What clients and workers agree on for every workflow. This file and the messages.ts of each workflow import types and
 * domain code only, so that a client can use them without pulling in workflow code.
 */

/** Task queue of every Millrace worker. */
export const TASK_QUEUE = 'millrace';

/** Search attribute naming the device of a workflow, `tenant/device_id`. */
export const DEVICE_ATTRIBUTE = { name: 'MillraceDevice', type: 'KEYWORD' } as const;

/** IndexedValueType of the Temporal API: Keyword. */
const KEYWORD = 2;
/** gRPC codes: already there; or not ours to do (a managed cluster), so that an operator has done it. */
const NOTHING_TO_DO = new Set<unknown>([6 /* ALREADY_EXISTS */, 7 /* PERMISSION_DENIED */, 12 /* UNIMPLEMENTED */]);

export interface OperatorConnection {
  readonly operatorService: {
    addSearchAttributes(request: { namespace: string; searchAttributes: Record<string, number> }): Promise<unknown>;
  };
}

/** Makes the search attributes known to the server; does nothing when they are. Starting a workflow needs them. */
export async function ensureSearchAttributes(connection: OperatorConnection, namespace: string): Promise<void> {
  try {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: { [DEVICE_ATTRIBUTE.name]: KEYWORD },
    });
  } catch (error) {
    if (!NOTHING_TO_DO.has((error as { code?: unknown }).code)) throw error;
  }
}
