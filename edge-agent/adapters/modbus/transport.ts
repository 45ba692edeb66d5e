/** What carries the bytes: a socket here, a serial port elsewhere. */
import { connect } from 'node:net';

export interface TransportEvents {
  open(): void;
  data(chunk: Buffer): void;
  /** Once, also when it never opened. */
  closed(reason: Error): void;
}

export interface Transport {
  write(bytes: Buffer): void;
  /** Lets go at once; `closed` follows when it was not called before. */
  destroy(reason?: Error): void;
}

export type Open = (events: TransportEvents) => Transport;

const KEEPALIVE_MS = 10_000;

export function tcp(host: string, port: number, connectTimeout_ms: number): Open {
  return (events) => {
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEPALIVE_MS });
    const where = `${host}:${port}`;
    let reason: Error | undefined;
    const timer = setTimeout(
      () => socket.destroy(new Error(`no connection to ${where} within ${connectTimeout_ms} ms`)),
      connectTimeout_ms,
    );
    socket.on('connect', () => {
      clearTimeout(timer);
      events.open();
    });
    socket.on('data', (chunk) => events.data(chunk));
    socket.on('error', (error) => (reason = error));
    socket.on('end', () => (reason ??= new Error(`${where} closed the connection`)));
    socket.on('close', () => {
      clearTimeout(timer);
      events.closed(reason ?? new Error(`connection to ${where} closed`));
    });
    return {
      write: (bytes) => void socket.write(bytes),
      destroy: (why) => void socket.destroy(why),
    };
  };
}
