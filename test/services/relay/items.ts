import { type Item } from '../../../services/relay/item';
import { event } from '../domain/command/events';

export function item(workflowId: string, n: number, done: () => void = () => undefined, urgent = true): Item {
  const source = { partition: 0, offset: String(n), timestamp: 0, key: null, value: Buffer.alloc(0) };
  return { workflowId, event: event('delivered', { seq: n }), urgent, source, done };
}

/** A promise and the key to it. */
export function gate<T>(): { promise: Promise<T>; open: (value: T) => void } {
  let open!: (value: T) => void;
  const promise = new Promise<T>((resolve) => (open = resolve));
  return { promise, open };
}

export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
