/** What read-committed.ts needs of kafkajs beyond its public types. */
declare module 'kafkajs/src/broker' {
  class Broker {
    fetch(request: object): Promise<unknown>;
  }
  export = Broker;
}

/** What services/projector/kafka/fetch.ts needs of it. */
declare module 'kafkajs/src/protocol/decoder' {
  class Decoder {
    constructor(bytes: Buffer);
    readInt16(): number;
    readInt32(): number;
    readInt64(): { toString(): string };
    readString(): string;
    readBytes(): Buffer | null;
    readArray<T>(read: (decoder: Decoder) => T): T[];
  }
  export = Decoder;
}

declare module 'kafkajs/src/protocol/error' {
  export function createErrorFromCode(code: number): Error;
}

declare module 'kafkajs/src/protocol/requests/fetch' {
  export function protocol(of: { version: number }): (request: object) => { request: object; requestTimeout: number };
}

/** What coordinators.ts needs. */
declare module 'kafkajs/src/cluster' {
  class Cluster {
    findGroupCoordinatorMetadata(question: {
      readonly groupId: string;
      readonly coordinatorType?: number;
    }): Promise<unknown>;
  }
  export = Cluster;
}

/** What kafkajs-idle.ts needs. */
declare module 'kafkajs/src/network/requestQueue' {
  class RequestQueue {
    constructor(options: object);
    push(request: object): void;
    fulfillRequest(answer: object): void;
    maybeThrottle(ms: number): void;
    readonly pending: readonly unknown[];
    /** ms since 1970-01-01 UTC. */
    readonly throttledUntil: number;
    throttleCheckTimeoutId: NodeJS.Timeout | null;
    checkPendingRequests(): void;
    scheduleCheckPendingRequests(): void;
  }
  export = RequestQueue;
}
