/** Commands that come back: a batch begun by Temporal's own schedules. */
import { type BatchInput } from '../../workflows/batch/messages';

export interface ScheduleRequest {
  readonly schedule_id: string;
  /** Five fields, minute first; in `time_zone`. */
  readonly cron: string;
  /** IANA name, such as Europe/Vienna. */
  readonly time_zone: string;
  /** Nothing is begun before, ms since 1970-01-01 UTC. */
  readonly start_at?: number;
  /** Nothing is begun after, ms since 1970-01-01 UTC. */
  readonly end_at?: number;
  /** A batch missed for longer, because the server was away, is left out, ms. */
  readonly catch_up_ms: number;
  readonly note: string;
}

export interface ScheduleView {
  readonly schedule_id: string;
  readonly paused: boolean;
  readonly note: string;
  readonly cron: string;
  readonly time_zone: string;
  /** Next times, at most ten, ms since 1970-01-01 UTC. */
  readonly next: readonly number[];
  /** Last batches, newest first: ids for GET /batches/{id}. */
  readonly recent: readonly { readonly batch_id: string; readonly at: number }[];
}

/** Throws ApiError `unavailable`, or `invalid-request` for what the server refuses. */
export interface Schedules {
  /** False when there is one of that name. */
  create(request: ScheduleRequest, input: BatchInput): Promise<boolean>;
  list(tenant: string): Promise<readonly ScheduleView[]>;
  /** Each is false when there is none. */
  pause(tenant: string, scheduleId: string, paused: boolean, note: string): Promise<boolean>;
  remove(tenant: string, scheduleId: string): Promise<boolean>;
}
