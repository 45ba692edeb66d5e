/** What carries the bytes: a socket here, a serial port in serial.ts. */
import { connect } from 'node:net';

export interface TransportEvents {
  open(): void;
  data(chunk: Buffer): void;
  /** Nothing came for longer than the bytes of one frame are apart; told only where that means something. */
  silence(): void;
  /** Once, also when it never opened. */
  closed(reason: Error): void;
}

export interface Transport {
  /** One frame; not put on the line any more once `within_ms` are over. */
  write(bytes: Buffer, within_ms: number): void;
  /** Time that so many bytes take on the line, where that is worth counting. */
  wire_ms?(bytes: number): number;
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
