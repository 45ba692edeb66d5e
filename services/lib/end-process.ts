/**
 * For what a process cannot go on without: out of the reach of whoever called, an uncaught error stops the process in
 * order, and whoever runs it starts it again. One that no longer hears what it follows must not look alive.
 */
export function endProcess(error: Error): void {
  setImmediate(() => {
    throw error;
  });
}
