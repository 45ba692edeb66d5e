/**
 * The program of this box that knows how to change its devices. It is installed by whoever owns the box, never by the
 * platform, and is called as
 *
 *   PROGRAM apply    DEVICE MODEL SHA256 IMAGE-FILE   puts the image in force, keeps the one before
 *   PROGRAM check    DEVICE MODEL SHA256 IMAGE-FILE   exit 0 when the device works with it
 *   PROGRAM rollback DEVICE MODEL SHA256 IMAGE-FILE   puts back the one before, if SHA256 is in force
 *
 * Exit 0 is success; what it writes to stderr is the reason otherwise. Each may be called again after a crash. `apply` finds the signed
 * manifest in MILLRACE_MANIFEST, for a program that would rather see for itself.
 */
import { execFile } from 'node:child_process';

export type ToolVerb = 'apply' | 'check' | 'rollback';

export interface ToolCall {
  readonly device: string;
  readonly model: string;
  readonly sha256: string;
  readonly image: string;
  /** Signed, as it came with the order; for `apply`. */
  readonly manifest?: string;
}

/** Resolves with why it failed; undefined when it did not. */
export type Tool = (verb: ToolVerb, call: ToolCall, timeout_ms: number) => Promise<string | undefined>;

const MAX_OUTPUT_BYTES = 65_536;
const SHOWN_CHARS = 500;

export const programTool =
  (program: string, environment: Readonly<Record<string, string | undefined>>): Tool =>
  (verb, { device, model, sha256, image, manifest }, timeout_ms) =>
    new Promise((resolve) => {
      const options = {
        timeout: Math.max(1, Math.ceil(timeout_ms)),
        killSignal: 'SIGKILL' as const,
        maxBuffer: MAX_OUTPUT_BYTES,
        ...(manifest !== undefined && { env: { ...environment, MILLRACE_MANIFEST: manifest } }),
      };
      execFile(program, [verb, device, model, sha256, image], options, (error, _out, stderr) => {
        if (!error) return resolve(undefined);
        const said = stderr.trim().slice(-SHOWN_CHARS);
        resolve(said || (error.killed ? `no end in ${timeout_ms} ms` : error.message));
      });
    });
