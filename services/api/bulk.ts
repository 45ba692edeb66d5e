/** Many devices in one request: each line becomes the requests that bring a device as far as asked, and one result. Pure. */
import { type BatchedRequest, type BatchedResult } from '../../schemas/generated';
import { DEVICE_ID, objectOf, type RequestType } from '../domain/device';
import { type Line, MAX_LINE_BYTES } from './lines';
import { REJECTIONS } from './rejections';
import { ApiError, STATUS } from './problem';

/** How far devices are brought, and the requests of each that it takes. */
export const UNTIL = {
  registered: ['register'],
  provisioned: ['register', 'provision'],
  active: ['register', 'provision', 'activate'],
} as const satisfies Record<string, readonly RequestType[]>;
export type Until = keyof typeof UNTIL;

export interface BulkOrder {
  readonly until: Until;
  /** For lines that ask for it. Throws where there are no pseudonyms. */
  pseudonymOf(name: string): string;
  /** The same for the same device and step whenever the same upload is repeated under its key. */
  requestId(deviceId: string, type: RequestType): string;
}

/** What became of a line. `status` is what the same request alone would have been answered with. */
export interface BulkResult {
  readonly line: number;
  readonly device_id?: string;
  readonly status: number;
  readonly outcome?: string;
  readonly state?: string;
  readonly version?: number;
  readonly code?: string;
  readonly detail?: string;
}

export type Planned =
  { readonly device_id: string; readonly requests: readonly BatchedRequest[] } | { readonly result: BulkResult };

export function planLine({ number, text }: Line, order: BulkOrder): Planned {
  if (text === undefined) return refused(number, `the line is longer than ${MAX_LINE_BYTES} bytes`);
  const value = objectOf(text);
  if (!value) return refused(number, 'not a JSON object');
  const { device_id: name, pseudonym = false, ...description } = value;
  if (typeof name !== 'string' || !DEVICE_ID.test(name))
    return refused(number, `device_id is malformed: expected ${DEVICE_ID.source}`);
  if (typeof pseudonym !== 'boolean') return refused(number, 'pseudonym is malformed: expected true or false');
  const device_id = pseudonym ? pseudonymFor(name, order) : name;
  if (device_id instanceof ApiError) {
    const { status, code, message: detail } = device_id;
    return { result: { line: number, status, code, detail } };
  }
  const requests = UNTIL[order.until].map((type) => {
    const data = type === 'register' ? JSON.stringify(description) : '{}';
    return { request_id: order.requestId(device_id, type), device_id, type, data };
  });
  return { device_id, requests };
}

function pseudonymFor(name: string, order: BulkOrder): string | ApiError {
  try {
    return order.pseudonymOf(name);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}

/** The first refusal decides, otherwise the last step, which left the device as it is here. */
export function resultOf(line: number, device_id: string, results: readonly (BatchedResult | Error)[]): BulkResult {
  let last: BatchedResult | undefined;
  for (const result of results) {
    if (result instanceof Error)
      return { line, device_id, status: STATUS.unavailable, code: 'unavailable', detail: result.message };
    if (result.outcome === 'rejected') {
      const code = REJECTIONS[result.code as keyof typeof REJECTIONS];
      return { line, device_id, status: STATUS[code], code, detail: result.detail };
    }
    last = result;
  }
  const fresh = (results[0] as BatchedResult).outcome === 'accepted';
  const known = last && { state: last.state, version: last.version };
  return { line, device_id, status: fresh ? 201 : 200, outcome: fresh ? 'accepted' : 'unchanged', ...known };
}

export interface BulkSummary {
  readonly done: true;
  readonly lines: number;
  readonly accepted: number;
  readonly unchanged: number;
  readonly refused: number;
}

export function addUp(before: BulkSummary, results: readonly BulkResult[]): BulkSummary {
  const count = (fits: (r: BulkResult) => boolean): number => results.filter(fits).length;
  return {
    done: true,
    lines: before.lines + results.length,
    accepted: before.accepted + count((r) => r.outcome === 'accepted'),
    unchanged: before.unchanged + count((r) => r.outcome === 'unchanged'),
    refused: before.refused + count((r) => r.outcome === undefined),
  };
}

export const NOTHING_YET: BulkSummary = { done: true, lines: 0, accepted: 0, unchanged: 0, refused: 0 };

function refused(line: number, detail: string): Planned {
  return { result: { line, status: STATUS['invalid-request'], code: 'invalid-request', detail } };
}
