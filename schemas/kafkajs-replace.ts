/** Parts of kafkajs are replaced where it loads them: whoever loads kafkajs later has ours. */
import { createRequire } from 'node:module';

const load = createRequire(__filename);

/** A module of kafkajs that is not part of its interface. */
export const requireOfKafkajs = (path: string): unknown => load(path);

export function replaceInKafkajs(path: string, by: unknown): void {
  load(path);
  const module = load.cache[load.resolve(path)];
  if (!module) throw new TypeError(`kafkajs has no ${path}: what it was replaced by is of no use any more`);
  module.exports = by;
}
