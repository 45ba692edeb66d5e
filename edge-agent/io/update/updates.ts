/** Carries out orders to install images: verified, downloaded, applied, checked; put back when the check fails. */
import { readFile } from 'node:fs/promises';
import { type Command } from '../../../schemas/generated';
import { type ImageManifest, type Trust, verifyManifest } from '../../../schemas/manifest';
import {
  done,
  failed,
  type Installed,
  installed,
  NOTHING_KNOWN,
  textArgument,
  UPDATE,
  type UpdateOutcome,
  wentBack,
} from '../../core/update/update';
import { type Clock } from '../clock';
import { replaceFile } from '../replace-file';
import { type Tool, type ToolCall, type ToolVerb } from './tool';

export interface UpdatesOptions {
  readonly trust: Trust;
  readonly tool: Tool;
  /** Path of the image on this disk. Throws when it cannot be had until then, monotonic ms. */
  download(manifest: ImageManifest, until: number): Promise<string>;
  readonly clock: Clock;
  /** File in which is kept what each device has. */
  readonly file: string;
  /** A device has another version now. */
  onInstalled(device: string, version: string): void;
}

/** Longest self-check, and longest way back, ms: they have their time even when the order's is over. */
const CHECK_MS = 300_000;

export class Updates {
  private known: Map<string, Installed> | undefined;
  /** Devices of one model are served by one download. */
  private readonly downloads = new Map<string, Promise<string>>();
  private saving: Promise<void> = Promise.resolve();

  constructor(private readonly options: UpdatesOptions) {}

  async carryOut(order: Command, model: string, left_ms: number): Promise<UpdateOutcome> {
    const until = this.options.clock.monotonic() + left_ms;
    const before = (await this.load()).get(order.device_id) ?? NOTHING_KNOWN;
    if (order.name !== UPDATE) return this.goBack(order, model, before);
    const verdict = verifyManifest(textArgument(order, 'manifest'), this.options.trust, {
      now: this.options.clock.now(),
      model,
      counter: before.counter,
    });
    if (!verdict.ok) return failed('verify', `${verdict.code}: ${verdict.reason}`, null);
    const { manifest } = verdict;
    if (before.sha256 === manifest.sha256) return done({ version: before.version, already: true });
    return this.install(order, manifest, before, until);
  }

  private async install(
    order: Command,
    manifest: ImageManifest,
    before: Installed,
    until: number,
  ): Promise<UpdateOutcome> {
    const { device_id: device } = order;
    let image: string;
    try {
      image = await this.image(manifest, until);
    } catch (error) {
      return failed('download', (error as Error).message, null);
    }
    const left_ms = until - this.options.clock.monotonic();
    if (left_ms <= 0) return failed('download', 'there is no time left to install it', null);
    const signed = textArgument(order, 'manifest');
    const call = { device, model: manifest.model, sha256: manifest.sha256, image, manifest: signed };
    const notApplied = await this.run('apply', call, left_ms);
    const broken = notApplied ?? (await this.run('check', call, CHECK_MS));
    if (broken !== undefined) return this.undo(call, notApplied === undefined ? 'check' : 'apply', broken);
    await this.save(device, installed(before, manifest));
    return done({ version: manifest.version, sha256: manifest.sha256, from: before.version });
  }

  private async undo(call: ToolCall, step: 'apply' | 'check', broken: string): Promise<UpdateOutcome> {
    const stuck = await this.run('rollback', call, CHECK_MS);
    return failed(step, stuck === undefined ? broken : `${broken}; and not put back: ${stuck}`, stuck === undefined);
  }

  private async goBack(order: Command, model: string, before: Installed): Promise<UpdateOutcome> {
    const { device_id: device } = order;
    const sha256 = textArgument(order, 'sha256');
    if (sha256 === '') return failed('rollback', 'the order does not name the image to leave', null);
    if (before.sha256 !== sha256) return done({ version: before.version, already: true });
    const stuck = await this.run('rollback', { device, model, sha256, image: '' }, CHECK_MS);
    if (stuck !== undefined) return failed('rollback', stuck, false);
    const after = wentBack(before);
    await this.save(device, after);
    return done({ version: after.version, sha256: after.sha256, from: before.version });
  }

  private run(verb: ToolVerb, call: ToolCall, timeout_ms: number): Promise<string | undefined> {
    return this.options.tool(verb, call, timeout_ms);
  }

  private image(manifest: ImageManifest, until: number): Promise<string> {
    const { sha256 } = manifest;
    const running = this.downloads.get(sha256);
    if (running) return running;
    const begun = this.options.download(manifest, until).finally(() => this.downloads.delete(sha256));
    this.downloads.set(sha256, begun);
    return begun;
  }

  private async load(): Promise<Map<string, Installed>> {
    if (this.known) return this.known;
    const text = await readFile(this.options.file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '{}';
      throw error;
    });
    return (this.known ??= new Map(Object.entries(JSON.parse(text) as Record<string, Installed>)));
  }

  /** On disk when it resolves; one file for all, so one writing after the other. */
  private async save(device: string, what: Installed): Promise<void> {
    const known = await this.load();
    known.set(device, what);
    this.saving = this.saving
      .catch(() => undefined)
      .then(() => replaceFile(this.options.file, JSON.stringify(Object.fromEntries(known))));
    await this.saving;
    this.options.onInstalled(device, what.version);
  }
}
