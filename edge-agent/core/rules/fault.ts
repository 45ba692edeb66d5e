/** What is wrong in an expression, and where. */
export class Fault extends Error {
  constructor(
    /** Characters before it, 0... */
    readonly at: number,
    readonly expected: string,
    readonly suggestion?: string,
  ) {
    super(expected);
    this.name = 'Fault';
  }
}
