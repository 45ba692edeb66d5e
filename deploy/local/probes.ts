/** Readiness, looked at from outside. Each returns undefined when ready and otherwise the reason; none throws. */
import { get } from 'node:http';
import { connect } from 'node:net';

const PROBE_TIMEOUT_MS = 2_000;
const MAX_REASON_CHARS = 200;

export type Probe = () => Promise<string | undefined>;

/**
 * An HTTP GET answers 2xx. The reason is the body's first line, as /readyz gives it. By node:http, because a dozen of these run
 * ten times a second while everything else starts, and fetch costs several times as much.
 */
export function httpProbe(url: string): Probe {
  return () =>
    new Promise((resolve) => {
      const request = get(url, { agent: false, timeout: PROBE_TIMEOUT_MS }, (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text: string) => (body += text));
        answer.once('end', () => {
          const { statusCode = 0 } = answer;
          const good = statusCode >= 200 && statusCode < 300;
          resolve(good ? undefined : `HTTP ${statusCode}: ${body.split('\n')[0]?.slice(0, MAX_REASON_CHARS)}`);
        });
        answer.once('error', (e) => resolve(`${url}: ${causeOf(e)}`));
      });
      request.once('timeout', () => request.destroy(new Error('no answer in time')));
      request.once('error', (e) => resolve(`${url} does not answer (${causeOf(e)})`));
    });
}

/** Something accepts connections. */
export function tcpProbe(host: string, port: number): Probe {
  return () =>
    new Promise((resolve) => {
      const socket = connect({ host, port, timeout: PROBE_TIMEOUT_MS });
      const end = (reason: string | undefined): void => {
        socket.destroy();
        resolve(reason);
      };
      socket.once('connect', () => end(undefined));
      socket.once('timeout', () => end(`${host}:${port} does not answer`));
      socket.once('error', (e) => end(`${host}:${port}: ${causeOf(e)}`));
    });
}

const causeOf = (e: Error): string => (e as NodeJS.ErrnoException).code ?? e.message;
