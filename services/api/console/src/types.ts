/** What the API answers, as far as the screens look at it (openapi.yaml has the whole). */

export interface Presence {
  readonly status: 'online' | 'stale' | 'offline' | 'unknown';
  readonly since?: string;
  readonly last_seen?: string;
  readonly reason?: string;
}

export interface Device {
  readonly device_id: string;
  readonly state: string;
  readonly allowed?: readonly string[];
  readonly name: string;
  readonly model: string;
  readonly agent_id: string | null;
  readonly path: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly parent_id?: string | null;
  readonly serial?: string;
  readonly replacements?: number;
  readonly config?: { readonly desired_version: number; readonly reported_version: number };
  readonly reason?: string | null;
  readonly version?: number;
  readonly registered_at?: string;
  readonly changed_at?: string;
  readonly presence?: Presence;
}

export interface ValueRow {
  readonly metric: string;
  readonly ts: string;
  readonly value: number | null;
  readonly value_int: number | null;
  readonly value_text: string | null;
  readonly unit: string;
  readonly source_unit: string;
  readonly description: string;
  readonly quality: string;
  readonly writable: boolean;
  readonly low: number | null;
  readonly high: number | null;
}

export interface Transition {
  readonly state: string;
  readonly at: string;
  readonly actor?: string;
  readonly detail?: string;
}

export interface CommandView {
  readonly command_id: string;
  readonly device_id: string;
  readonly agent_id: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly qos: number;
  readonly state: string;
  readonly final: boolean;
  readonly settled: boolean;
  readonly result: Readonly<Record<string, unknown>>;
  readonly detail: string;
  readonly transitions: readonly Transition[];
}

export interface CommandRow {
  readonly command_id: string;
  readonly device_id: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly state: string;
  readonly issued_at: string | null;
  readonly changed_at: string;
  readonly actor: string;
  readonly detail: string;
}

export interface AlarmRow {
  readonly device_id: string;
  readonly alarm: string;
  readonly occurrence: string;
  readonly priority: number;
  readonly active: boolean;
  readonly acknowledged: boolean;
  readonly shelved_until: string | null;
  readonly shelf_comment: string;
  readonly suppressed: boolean;
  readonly out_of_service: boolean;
  readonly raised_at: string;
  readonly changed_at: string;
  readonly value: number | null;
  readonly message: string;
  readonly actor: string;
}

export interface AlarmTransition extends Omit<AlarmRow, 'raised_at' | 'changed_at'> {
  readonly at: string;
}

export interface LifecycleEvent {
  readonly version: number;
  readonly type: string;
  readonly state_from: string | null;
  readonly state_to: string;
  readonly at: string;
  readonly actor: string;
  readonly reason: string | null;
}

export interface ModelArgument {
  readonly name: string;
  readonly type: 'number' | 'integer' | 'text' | 'boolean';
  readonly unit?: string;
  readonly min?: number;
  readonly max?: number;
  readonly values?: readonly (string | number)[];
  readonly required?: boolean;
  readonly description?: string;
}

export interface ModelCommand {
  readonly name: string;
  readonly description?: string;
  readonly args?: readonly ModelArgument[];
  /** Metric. */
  readonly verified_by?: string;
}

export interface Model {
  readonly name: string;
  readonly commands?: readonly ModelCommand[];
}

export interface TopicHealth {
  readonly topic: string;
  readonly partitions: number;
  readonly written: number;
  readonly kept: number;
  readonly lag: number | null;
}

export interface Streams {
  readonly at: string;
  readonly group: string;
  readonly topics: readonly TopicHealth[];
}

export interface Letter {
  readonly message: string;
  readonly source_topic: string;
  readonly source_timestamp: string;
  readonly consumer: string;
  readonly code: string;
  readonly reason: string;
  readonly at: string;
}

export interface WholeLetter extends Letter {
  readonly key_hex: string | null;
  readonly value_hex: string | null;
  readonly headers_hex: Readonly<Record<string, string>>;
  readonly decoded: {
    readonly event?: string;
    readonly schema_id?: number;
    readonly record?: unknown;
    readonly error?: string;
  };
}

export interface CampaignRow {
  readonly campaign_id: string;
  readonly version: string;
  readonly phase: string;
  readonly stage: number;
  readonly devices: number;
  readonly begun_at: string;
  readonly changed_at: string;
  readonly actor: string;
  readonly detail: string;
}

export interface Counts {
  readonly devices: number;
  readonly succeeded: number;
  readonly failed: number;
}

export interface Campaign {
  readonly campaign_id: string;
  readonly phase: string;
  readonly detail: string;
  readonly devices: number;
  readonly stages: readonly (Counts & { readonly stage: number; readonly state: string })[];
  readonly rollback?: Counts;
  readonly failures: readonly { readonly device_id: string; readonly state: string; readonly detail: string }[];
}

export interface BatchRow {
  readonly batch_id: string;
  readonly state: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly actor: string;
  readonly begun_at: string;
  readonly ended_at: string | null;
}

export interface Batch {
  readonly batch_id: string;
  readonly targets: number;
  readonly skipped: number;
  readonly waiting: number;
  readonly under_way: number;
  /** How many ended in each state. */
  readonly ended: Readonly<Record<string, number>>;
  readonly failed: number;
  readonly failures: Campaign['failures'];
  readonly stopped: string;
  readonly over: boolean;
}

export interface Schedule {
  readonly schedule_id: string;
  readonly cron: string;
  readonly time_zone: string;
  readonly paused: boolean;
  readonly note: string;
  readonly next: readonly string[];
  readonly recent: readonly { readonly batch_id: string; readonly at: string }[];
}

export interface Self {
  readonly actor: string;
  readonly kind: string;
  readonly tenant: string;
  readonly roles: readonly string[];
  readonly workflows_url?: string;
}

export interface Items<T> {
  readonly items: readonly T[];
  readonly next?: string;
}
