/** What read-committed.ts needs of kafkajs beyond its public types. */
declare module 'kafkajs/src/broker' {
  class Broker {
    fetch(request: object): Promise<unknown>;
  }
  export = Broker;
}
