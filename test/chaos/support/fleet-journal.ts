/** What happened to the devices of a simulated fleet, in their own words. */
import { existsSync, readFileSync } from 'node:fs';
import { Random } from './random';

export interface Happened {
  readonly command_id: string;
  readonly device_id: string;
  /** apply: it runs the image; failed: it tried it and went back by itself; back: put back on order; nothing: had not the image. */
  readonly what: 'apply' | 'failed' | 'back' | 'nothing';
  readonly sha256: string;
}

/** A line that a kill tore off was told to nobody. */
export function readJournal(file: string): Happened[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Happened);
}

/** The image each device runs; devices that run what they came with are not in it. */
export function imagesOf(journal: readonly Happened[]): Map<string, string> {
  const images = new Map<string, string>();
  for (const { device_id, what, sha256 } of journal)
    if (what === 'apply') images.set(device_id, sha256);
    else if (what === 'back') images.delete(device_id);
  return images;
}

/** The same devices fail however often they are asked. */
export const fails = (deviceId: string, percent: number): boolean =>
  new Random(Number(deviceId.replace(/\D/g, ''))).below(100) < percent;

/** What is wrong with a fleet after a campaign that halted and went back, in words. */
export function fleetFaults(journal: readonly Happened[], firstStage: number): string[] {
  const tries = journal.filter((h) => h.what === 'apply' || h.what === 'failed');
  const touched = new Set(tries.map((h) => h.device_id));
  const running = imagesOf(journal);
  return [
    touched.size === tries.length ? '' : `${tries.length - touched.size} devices were given the image more than once`,
    touched.size > 0 && touched.size <= firstStage
      ? ''
      : `${touched.size} devices took the image, the first stage has ${firstStage}`,
    running.size === 0 ? '' : `${running.size} devices still run the bad image`,
  ].filter((fault) => fault !== '');
}
