/**
 * Which profile the agent works by. The one the platform desires wins over the file the agent was started with, until it is
 * withdrawn; it is kept on disk, so that a power-on without network works by it. One that is not valid is refused with
 * every reason, and the last good one stays.
 */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { OPEN_VARIABLE } from '../schemas/probe';
import { type ClaimedDevice } from './core/claims';
import { type AgentPlan } from './core/compile/plan';
import { type Env } from './core/profile/document';
import { Turns } from './core/turns';
import { replaceFile } from './io/replace-file';
import { planOfText, ProfileError, readPlan } from './profile-file';

/** What the platform desires, as it came. */
export interface DesiredProfile {
  readonly version: number;
  readonly profile: string;
  readonly files: Readonly<Record<string, string>>;
}

export interface ProfileStatus {
  readonly source: 'file' | 'platform';
  /** Of the platform's profile in force; 0 for the file. */
  readonly version: number;
  /** Why the newest one is not in force; empty when it is. */
  readonly refusal: string;
}

export interface KeeperOptions {
  /** Given at the start. */
  readonly file: string;
  readonly env: Env;
  /** Where the platform's profile is kept. */
  readonly store: string;
  /** Devices that came with a claim code: they are added to whatever profile is in force. */
  readonly claimed?: () => readonly ClaimedDevice[];
}

/** Who works by the profile. */
export interface ProfileUser {
  /** Rejects when it cannot. */
  apply(plan: AgentPlan): Promise<void>;
  tell(status: ProfileStatus): void;
}

const MAX_REFUSAL_CHARS = 2_000;

export class ProfileKeeper {
  private desired: DesiredProfile | undefined;
  /** The last of the platform's that was taken; what is desired may have been refused. */
  private inForce: DesiredProfile | undefined;
  private current: ProfileStatus = { source: 'file', version: 0, refusal: '' };
  private plan: AgentPlan | undefined;
  private user: ProfileUser | undefined;
  /** One change after the other. */
  private readonly changes = new Turns();

  constructor(private readonly options: KeeperOptions) {}

  get status(): ProfileStatus {
    return this.current;
  }

  /** As it is written, of the one in force. */
  text(): { readonly source: ProfileStatus['source']; readonly profile: string } {
    const { source } = this.current;
    const own = (): string => readFileSync(this.options.file, 'utf8');
    return { source, profile: source === 'platform' ? (this.inForce?.profile ?? '') : own() };
  }

  /** The plan to start with. Throws ProfileError when the file is not valid and the platform's profile is not there. */
  load(): AgentPlan {
    this.desired = this.stored();
    if (!this.desired) return (this.plan = this.planOfFile());
    try {
      this.plan = this.planOf(this.desired);
      this.current = { source: 'platform', version: this.desired.version, refusal: '' };
      this.inForce = this.desired;
    } catch (error) {
      // It was valid for the release that stored it.
      this.plan = this.planOfFile();
      this.current = { ...this.current, refusal: refusalOf(this.desired.version, error) };
    }
    return this.plan;
  }

  /** Changes go there from now on. */
  connect(user: ProfileUser): void {
    this.user = user;
    user.tell(this.current);
  }

  /** The platform's word; undefined withdraws what it said before. Resolves when it is applied and on disk, or refused. */
  desire(desired: DesiredProfile | undefined): Promise<void> {
    return this.changes.take(async () => {
      if (JSON.stringify(desired) === JSON.stringify(this.desired)) return;
      if (desired) await this.take(desired.version, () => this.planOf(desired), 'platform');
      else await this.take(0, () => this.planOfFile(), 'file');
      // A refused one is not tried again until it changes.
      this.desired = desired;
      if (this.current.refusal !== '') return;
      this.inForce = desired;
      await this.store(desired);
    });
  }

  /** The file changed, or somebody asks to read it again. */
  reread(): Promise<void> {
    return this.changes.take(async () => {
      if (this.current.source === 'platform') return;
      await this.take(0, () => this.planOfFile(), 'file');
    });
  }

  /** Another device was claimed: the profile in force, with it. Rejects when the agent does not take it. */
  async adopt(): Promise<void> {
    await this.changes.take(async () => {
      const { source, version } = this.current;
      const { desired } = this;
      const platforms = source === 'platform' && desired;
      await this.take(version, () => (platforms ? this.planOf(desired) : this.planOfFile()), source);
    });
    if (this.current.refusal !== '') throw new Error(this.current.refusal);
  }

  private async take(version: number, compile: () => AgentPlan, source: ProfileStatus['source']): Promise<void> {
    try {
      const plan = compile();
      this.check(plan);
      await this.user?.apply(plan);
      this.plan = plan;
      this.tell({ source, version, refusal: '' });
    } catch (error) {
      this.tell({ ...this.current, refusal: refusalOf(version, error) });
    }
  }

  /** Topics, cursor and outbox carry these names: another name is another agent. */
  private check(plan: AgentPlan): void {
    for (const name of ['agent_id', 'tenant'] as const)
      if (this.plan && plan[name] !== this.plan[name])
        throw new Error(`${name} is ${plan[name]}, and this agent's is ${this.plan[name]}: start another agent for it`);
  }

  private planOfFile(): AgentPlan {
    return readPlan(this.options.file, this.options.env, this.options.claimed?.());
  }

  private planOf({ version, profile, files }: DesiredProfile): AgentPlan {
    const env = Object.fromEntries(Object.entries(this.options.env).filter(([name]) => OPEN_VARIABLE.test(name)));
    const readFile = (name: string): string => {
      const text = files[name];
      if (text === undefined) throw new Error(`${name} was not sent with the profile`);
      return text;
    };
    const claimed = this.options.claimed?.() ?? [];
    return planOfText({ file: `profile version ${version}`, text: profile, readFile, claimed }, env);
  }

  private tell(status: ProfileStatus): void {
    this.current = status;
    this.user?.tell(status);
  }

  private stored(): DesiredProfile | undefined {
    try {
      return JSON.parse(readFileSync(this.options.store, 'utf8')) as DesiredProfile;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      this.current = { ...this.current, refusal: `the stored profile cannot be read: ${(error as Error).message}` };
      return undefined;
    }
  }

  private async store(desired: DesiredProfile | undefined): Promise<void> {
    const { store } = this.options;
    if (desired) await replaceFile(store, JSON.stringify(desired));
    else await rm(store, { force: true });
  }
}

function refusalOf(version: number, error: unknown): string {
  const reason = error instanceof ProfileError ? error.message : String((error as Error).message);
  return `${version > 0 ? `version ${version}: ` : ''}${reason}`.slice(0, MAX_REFUSAL_CHARS);
}
