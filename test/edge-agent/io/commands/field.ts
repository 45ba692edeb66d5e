/** A field in memory that carries writes out, or not, and answers, or not. */
import {
  AdapterError,
  type CallAnswer,
  type CallRequest,
  type FieldValue,
  type Sample,
  type WriteRequest,
} from '../../../../edge-agent/adapter';
import { type Field } from '../../../../edge-agent/io/commands/execution';

export interface Behaviour {
  /** Before the field sees the write. */
  readonly before?: (request: WriteRequest) => void;
  /** After it carried the write out, before it answers. */
  readonly after?: (request: WriteRequest) => void;
  readonly read?: (metric: string) => void;
}

export class MemoryField implements Field {
  readonly points = new Map<string, FieldValue>();
  readonly writes: [string, FieldValue][] = [];
  readonly calls: CallRequest['args'][] = [];
  behaviour: Behaviour & { readonly called?: () => CallAnswer } = {};

  write(request: WriteRequest): Promise<void> {
    return soon(() => {
      this.behaviour.before?.(request);
      this.writes.push([request.metric, request.value]);
      this.points.set(request.metric, request.value);
      this.behaviour.after?.(request);
    });
  }

  call({ args }: CallRequest): Promise<CallAnswer> {
    return soon(() => {
      this.calls.push(args);
      return this.behaviour.called?.() ?? {};
    });
  }

  read(device: string, metric: string): Promise<Sample> {
    return soon(() => {
      this.behaviour.read?.(metric);
      return { device, metric, at: 0, value: this.points.get(metric) ?? 0, quality: 0 };
    });
  }
}

function soon<T>(f: () => T): Promise<T> {
  return new Promise((resolve, reject) =>
    setImmediate(() => {
      try {
        resolve(f());
      } catch (error) {
        reject(error as Error);
      }
    }),
  );
}

export const refusedByDevice = (): never => {
  throw new AdapterError('device-exception', 'write', 'illegal data value');
};
export const noAnswer = (): never => {
  throw new AdapterError('timeout', 'write', 'no answer in 1000 ms');
};
