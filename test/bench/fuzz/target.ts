/** What is fuzzed. */
export interface Target {
  readonly name: string;
  /** Valid inputs, to be mangled. */
  readonly seeds: readonly Buffer[];
  /** What reads it may take its time; nothing else is fed meanwhile. */
  read(bytes: Buffer): void | Promise<void>;
  /** Its own way to refuse. */
  refuses(error: unknown): boolean;
}
