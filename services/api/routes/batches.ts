/** One command to many devices, now or again and again. */
import { type Request, type Response, Router } from 'express';
import { type BatchInput, type BatchSummary } from '../../../workflows/batch/messages';
import { type Limits, MAX_TARGETS } from '../../domain/batch';
import { jsonObject } from '../../domain/command';
import { type DeviceFilter } from '../../domain/device';
import { type Principal, principalOf } from '../authentication';
import { type ApiDependencies } from '../dependencies';
import { ApiError } from '../problem';
import { type ScheduleView } from '../schedules';
import { timeOf } from '../time';
import { iso } from '../views';
import { type NewCommand, optionsOf, refuseAgainstModel, whatOf } from './commands';
import { type NewWindow, windowOf } from './window';

export type Filter = Omit<DeviceFilter, 'labels'> & { readonly label?: readonly string[]; readonly all?: boolean };

interface NewBatch extends Partial<Limits> {
  readonly filter: Filter;
  readonly command: NewCommand;
  readonly window?: NewWindow;
}

interface NewSchedule {
  readonly schedule_id: string;
  readonly cron: string;
  readonly time_zone?: string;
  readonly start_at?: string | Date;
  readonly end_at?: string | Date;
  readonly catch_up_ms?: number;
  readonly note?: string;
  readonly batch: NewBatch;
}

const DEFAULT_RATE_PER_S = 10;
const DEFAULT_IN_FLIGHT = 50;
const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_CATCH_UP_MS = 60_000;

export function batchRoutes(deps: ApiDependencies): Router {
  const router = Router();

  router.post('/batches', async (req, res) => {
    const principal = principalOf(res);
    const batchId = req.header('idempotency-key') ?? deps.newId();
    await deps.workflows.startBatch(batchId, inputOf(req.body as NewBatch, principal, deps));
    res.status(202).location(`/api/v1/batches/${batchId}`).json({ batch_id: batchId });
  });

  router.get('/batches', async (req, res) => {
    const found = await deps.workflows.batches(principalOf(res).tenant, Number(req.query['limit'] ?? 100));
    res.json({ items: found.map(summaryView) });
  });

  router.get('/batches/:id', async (req, res) => {
    const report = await deps.workflows.batch(principalOf(res).tenant, req.params.id);
    if (!report) throw new ApiError('not-found', `there is no batch ${req.params.id}`);
    res.json({ batch_id: req.params.id, ...report });
  });

  router.post('/batches/:id/stop', async (req, res) => {
    const { tenant, actor } = principalOf(res);
    const { reason = 'asked for over the API' } = (req.body ?? {}) as { reason?: string };
    const stopped = await deps.workflows.stopBatch(tenant, req.params.id, { actor, reason });
    if (!stopped) throw new ApiError('not-found', `no batch ${req.params.id} runs`);
    res.status(202).json({ batch_id: req.params.id });
  });

  return router;
}

export function scheduleRoutes(deps: ApiDependencies): Router {
  const router = Router();

  router.post('/schedules', async (req, res) => {
    const body = req.body as NewSchedule;
    const { schedule_id, cron, time_zone = 'UTC', catch_up_ms = DEFAULT_CATCH_UP_MS, note = '' } = body;
    const [start_at, end_at] = [timeOf(body.start_at), timeOf(body.end_at)];
    const made = await deps.schedules.create(
      {
        ...{ schedule_id, cron, time_zone, catch_up_ms, note },
        ...(start_at !== undefined && { start_at }),
        ...(end_at !== undefined && { end_at }),
      },
      inputOf(body.batch, principalOf(res), deps),
    );
    if (!made) throw new ApiError('already-registered', `there is a schedule ${schedule_id} already: remove it first`);
    res.status(201).location('/api/v1/schedules').json({ schedule_id });
  });

  router.get('/schedules', async (_req, res) => {
    const views = await deps.schedules.list(principalOf(res).tenant);
    res.json({ items: views.map(scheduleView) });
  });

  const move = (paused: boolean) => async (req: Request, res: Response) => {
    const { tenant, actor } = principalOf(res);
    const { reason } = (req.body ?? {}) as { reason?: string };
    const id = String(req.params['id']);
    const note = `${paused ? 'paused' : 'resumed'} by ${actor}${reason === undefined ? '' : `: ${reason}`}`;
    known(await deps.schedules.pause(tenant, id, paused, note), id);
    res.json({ schedule_id: id, paused });
  };
  router.post('/schedules/:id/pause', move(true));
  router.post('/schedules/:id/resume', move(false));

  router.delete('/schedules/:id', async (req, res) => {
    known(await deps.schedules.remove(principalOf(res).tenant, req.params.id), req.params.id);
    res.status(204).end();
  });

  return router;
}

function inputOf(body: NewBatch, { tenant, actor }: Principal, deps: ApiDependencies): BatchInput {
  const { command, rate_per_s = DEFAULT_RATE_PER_S, in_flight = DEFAULT_IN_FLIGHT, stop_after_failures } = body;
  if (command.deadline !== undefined || command.approval !== undefined)
    throw new ApiError('invalid-request', 'a batch takes `timeout_ms` for each command; its models say who approves');
  const options = optionsOf(command);
  const filter = filterOf(body.filter);
  refuseAgainstModels(deps, tenant, filter, command);
  return {
    ...{ tenant, filter },
    ...whatOf(command),
    timeout_ms: command.timeout_ms ?? DEFAULT_TIMEOUT_MS,
    ...(Object.keys(options).length > 0 && { options }),
    ...windowOf(body.window),
    approvals: command.dry_run ? [] : [...deps.approvals],
    limits: { rate_per_s, in_flight, ...(stop_after_failures !== undefined && { stop_after_failures }) },
    actor,
  };
}

/** Against every model among the devices that fit now. What comes to fit later, in a schedule, is judged by its agent. */
function refuseAgainstModels(deps: ApiDependencies, tenant: string, filter: DeviceFilter, command: NewCommand): void {
  const { items } = deps.directory.list(tenant, filter, '', MAX_TARGETS);
  for (const name of new Set(items.map(({ device }) => device.model)))
    refuseAgainstModel(deps.definitions.model(tenant, name), name, command);
}

/** Nobody commands everything by forgetting to say what. */
export function filterOf({ all = false, label, q, ...rest }: Filter): DeviceFilter {
  const labels = label?.map((l) => [l.slice(0, l.indexOf('=')), l.slice(l.indexOf('=') + 1)] as const);
  const filter = { ...rest, ...(labels && { labels }), ...(q !== undefined && { q: q.toLowerCase() }) };
  if (Object.keys(filter).length === 0 && !all)
    throw new ApiError('invalid-request', 'the filter is empty: say `"all": true` if every device is meant');
  return filter;
}

function known(found: boolean, id: string): void {
  if (!found) throw new ApiError('not-found', `there is no schedule ${id}`);
}

const summaryView = ({ begun_at, ended_at, args, ...rest }: BatchSummary) => ({
  ...rest,
  args: jsonObject(args),
  begun_at: iso(begun_at),
  ended_at: ended_at === undefined ? null : iso(ended_at),
});

const scheduleView = ({ next, recent, ...rest }: ScheduleView) => ({
  ...rest,
  next: next.map(iso),
  recent: recent.map(({ batch_id, at }) => ({ batch_id, at: iso(at) })),
});
