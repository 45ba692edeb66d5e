/** Readiness, looked at from outside. Each returns undefined when ready and otherwise the reason; none throws. */
import { connect } from 'node:net';

const PROBE_TIMEOUT_MS = 2_000;

export type Probe = () => Promise<string | undefined>;

/** An HTTP GET answers 2xx. The reason is the body's first line, as /readyz gives it. */
export function httpProbe(url: string, headers: Record<string, string> = {}): Probe {
  return async () => {
    try {
      const answer = await fetch(url, { headers, signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
      const body = await answer.text();
      return answer.ok ? undefined : `HTTP ${answer.status}: ${body.split('\n')[0]?.slice(0, 200)}`;
    } catch (e) {
      return `${url} does not answer (${causeOf(e)})`;
    }
  };
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

/** fetch hides what happened in `cause`. */
function causeOf(e: unknown): string {
  const { cause, message } = e as { cause?: { code?: string; message?: string }; message: string };
  return cause?.code ?? cause?.message ?? (e as NodeJS.ErrnoException).code ?? message;
}
