/** Services of the library's session that its type leaves out: plain requests and answers. */
import { type DataValue, type PublishResponse } from 'node-opcua-client';

export type Callback<T> = (error: Error | null, response?: T) => void;

/** The services of a session as the library has them, without its own subscriptions on top. */
export interface RawServices {
  createSubscription(o: object, cb: Callback<{ subscriptionId: number }>): void;
  transferSubscriptions(o: object, cb: Callback<{ results: TransferResult[] | null }>): void;
  createMonitoredItems(o: object, cb: Callback<{ results: CreateResult[] | null }>): void;
  deleteMonitoredItems(o: object, cb: Callback<unknown>): void;
  publish(o: object, cb: Callback<PublishResponse>): void;
  republish(o: object, cb: Callback<Pick<PublishResponse, 'notificationMessage'>>): void;
  historyRead(o: object, cb: Callback<{ results: HistoryResult[] | null }>): void;
}
export interface TransferResult {
  readonly statusCode: { readonly value: number };
  readonly availableSequenceNumbers: Iterable<number> | null;
}
export interface CreateResult {
  readonly statusCode: { readonly value: number };
  readonly monitoredItemId: number;
}
export interface HistoryResult {
  readonly statusCode: { readonly value: number; readonly name: string };
  readonly continuationPoint?: Buffer | null;
  readonly historyData?: { readonly dataValues?: DataValue[] | null } | null;
}
