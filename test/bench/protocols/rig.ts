/** What a protocol brings to be measured: a field in a process of its own, and the profile that reads it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectRoot } from '../../../schemas/root';

export interface Scale {
  readonly devices: number;
  /** Time between two messages, or scans, of a device. */
  readonly period_ms: number;
}

export interface RunningField {
  /** YAML of the profile; its only agent is called bench. */
  readonly profile: string;
  stop(): Promise<void>;
}

export interface ProtocolRig {
  readonly name: string;
  /** Metric that goes up by one with each message of a device: what is lost or repeated shows. */
  readonly counter?: string;
  start(scale: Scale): Promise<RunningField>;
}

/** The boiler's points as BACnet has them, whichever link leads there: `models` of a profile. */
export const bacnetBoiler = (period_ms: number): string => `models:
  boiler:
    scan_ms: ${period_ms}
    points: [{ metric: temperature, object: "analog-input,1" }, { metric: setpoint, object: "analog-value,1" }]
`;

export const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `m-${i}`);

/** A compiled program of the simulated plant, ready when its port takes connections. */
export async function plantProcess(
  program: string,
  port: number,
  env: Record<string, string>,
): Promise<() => Promise<void>> {
  const file = join(projectRoot(), 'dist', 'deploy', 'local', 'plant', program, 'main.js');
  const child = spawn(process.execPath, [file], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env['PATH'], LOG_LEVEL: 'error', PLANT_PORT: String(port), ...env },
  });
  const orphan = (): void => void child.kill('SIGKILL');
  process.once('exit', orphan);
  child.once('exit', () => process.off('exit', orphan));
  await listening(child, port);
  return async () => {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error('the plant ended before it listened');
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await sleep(100);
  }
  throw new Error(`the plant does not listen on ${port}`);
}
