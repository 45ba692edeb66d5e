/** What read-committed.ts needs of kafkajs beyond its public types. */
declare module 'kafkajs/src/broker' {
  class Broker {
    fetch(request: object): Promise<unknown>;
  }
  export = Broker;
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
