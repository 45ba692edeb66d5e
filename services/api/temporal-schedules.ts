/** Schedules kept by Temporal. */
import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import { BATCH_WORKFLOW, batchIdOf, type BatchInput, batchMemo, batchWorkflowId } from '../../workflows/batch/messages';
import { TASK_QUEUE } from '../../workflows/shared/messages';
import { type ScheduleRequest, type Schedules, type ScheduleView } from './schedules';

const NEXT_SHOWN = 10;
/** Shown of one tenant. */
export const MAX_SCHEDULES = 1_000;

/** What is kept beside a schedule, to be shown. */
interface Memo {
  readonly cron: string;
  readonly time_zone: string;
}

const idOf = (tenant: string, scheduleId: string): string => `${tenant}/${scheduleId}`;

/** `ask` runs a question against the connected client and makes ApiErrors of its failures. */
export class TemporalSchedules implements Schedules {
  constructor(private readonly ask: <T>(question: (client: Client) => Promise<T>) => Promise<T>) {}

  create(request: ScheduleRequest, input: BatchInput): Promise<boolean> {
    const { schedule_id, cron, time_zone, start_at, end_at, catch_up_ms, note } = request;
    const memo: Memo = { cron, time_zone };
    return this.ask((client) =>
      client.schedule
        .create({
          scheduleId: idOf(input.tenant, schedule_id),
          spec: {
            cronExpressions: [cron],
            timezone: time_zone,
            ...(start_at !== undefined && { startAt: new Date(start_at) }),
            ...(end_at !== undefined && { endAt: new Date(end_at) }),
          },
          action: {
            type: 'startWorkflow',
            workflowType: BATCH_WORKFLOW,
            taskQueue: TASK_QUEUE,
            workflowId: batchWorkflowId(input.tenant, schedule_id),
            args: [input],
            memo: batchMemo(input),
            staticSummary: `${input.name}, every ${cron} (${time_zone})`,
          },
          // A batch that still runs is left to end: its commands must not be doubled.
          policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: catch_up_ms },
          state: { note },
          memo: { ...memo },
        })
        .then(
          () => true,
          (error: unknown) => {
            if (error instanceof ScheduleAlreadyRunning) return false;
            throw error;
          },
        ),
    );
  }

  list(tenant: string): Promise<readonly ScheduleView[]> {
    return this.ask(async (client) => {
      const views: ScheduleView[] = [];
      for await (const { scheduleId } of client.schedule.list()) {
        if (!scheduleId.startsWith(idOf(tenant, ''))) continue;
        if (views.length === MAX_SCHEDULES) break;
        const described = await client.schedule.getHandle(scheduleId).describe().catch(absent);
        if (described) views.push(viewOf(tenant, described));
      }
      return views;
    });
  }

  pause(tenant: string, scheduleId: string, paused: boolean, note: string): Promise<boolean> {
    return this.found(tenant, scheduleId, (handle) => (paused ? handle.pause(note) : handle.unpause(note)));
  }

  remove(tenant: string, scheduleId: string): Promise<boolean> {
    return this.found(tenant, scheduleId, (handle) => handle.delete());
  }

  private found(
    tenant: string,
    scheduleId: string,
    work: (handle: ReturnType<Client['schedule']['getHandle']>) => Promise<void>,
  ): Promise<boolean> {
    return this.ask((client) =>
      work(client.schedule.getHandle(idOf(tenant, scheduleId))).then(
        () => true,
        (error: unknown) => absent(error) ?? false,
      ),
    );
  }
}

/** Gone meanwhile, or never there. */
function absent(error: unknown): undefined {
  if (error instanceof ScheduleNotFoundError) return undefined;
  throw error;
}

function viewOf(tenant: string, { scheduleId, state, memo, info }: ScheduleDescription): ScheduleView {
  const { cron = '', time_zone = '' } = (memo ?? {}) as Partial<Memo>;
  return {
    schedule_id: scheduleId.slice(idOf(tenant, '').length),
    paused: state.paused,
    note: state.note ?? '',
    cron,
    time_zone,
    next: info.nextActionTimes.slice(0, NEXT_SHOWN).map((t) => t.getTime()),
    recent: info.recentActions
      .map(({ action, takenAt }) => ({ batch_id: batchIdOf(action.workflow.workflowId), at: takenAt.getTime() }))
      .reverse(),
  };
}
