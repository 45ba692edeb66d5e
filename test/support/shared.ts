/**
 * What every test of real components needs alike, made once for a run of jest (shared-setup.ts): a schema registry that
 * answers, and a broker's storage, formatted. Each start of a JVM takes seconds of processor. A test that kills its
 * registry, or counts on the ids it gives, asks for its own (`ownRegistry`).
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';

const REGISTRY = 'MILLRACE_TEST_SCHEMA_REGISTRY_URL';
const FORMATTED = 'MILLRACE_TEST_KAFKA_STORAGE';

/** Workers of jest inherit the environment. */
export function share(registryUrl: string, kafkaStorage: string): void {
  process.env[REGISTRY] = registryUrl;
  process.env[FORMATTED] = kafkaStorage;
}

/** Address of the run's registry; undefined outside a run, where everybody starts their own. */
export const sharedRegistry = (): string | undefined => process.env[REGISTRY];

/** A new broker's folder begins as a copy of the one that is formatted. */
export function copyFormatted(dataDir: string): void {
  const formatted = process.env[FORMATTED];
  if (formatted !== undefined) cpSync(formatted, join(dataDir, 'kafka'), { recursive: true });
}
