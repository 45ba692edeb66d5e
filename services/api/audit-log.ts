/** Puts on record who wanted to do what. What is allowed is on record before it is done; what is refused, soon after. */
import { type Request, type Response } from 'express';
import { type AuditEvent } from '../../schemas/generated';
import { type EventWriter } from '../../schemas/stream';
import { type Asked } from '../domain/access';
import { type Publisher } from '../../schemas/publisher';
import { routeOf } from './access-table';
import { ApiError } from './problem';

export interface AuditSink {
  /** Resolves when the event is on the stream. */
  write(event: AuditEvent): Promise<void>;
}

/** To m2m.audit: events that come while others are being sent go together with the next. */
export class StreamAudit implements AuditSink {
  constructor(
    private readonly publisher: Pick<Publisher, 'send'>,
    private readonly writer: EventWriter<'audit-event'>,
  ) {}

  write(event: AuditEvent): Promise<void> {
    const { topic } = this.writer;
    return this.publisher.send([{ topic: topic.name, key: event.tenant, value: this.writer.write(event) }]);
  }
}

/** Refusals being written at once: a flood of them must not keep from the record what is allowed. Over it they are counted. */
export const MAX_REFUSALS_UNDER_WAY = 1_000;

export interface RecorderOptions {
  readonly sink: AuditSink;
  /** ms since 1970-01-01 UTC. */
  readonly now: () => number;
  readonly newId: () => string;
}

export class Recorder {
  private underWay = 0;
  /** Refusals that are not on record: too many at once, or no broker. */
  missed = 0;

  constructor(private readonly options: RecorderOptions) {}

  /** What is known of a request besides who made it. */
  asked(req: Request, res: Response): Asked {
    return {
      event_id: this.options.newId(),
      at: this.options.now(),
      path: req.originalUrl.split('?')[0] ?? '',
      route: routeOf(req)?.route ?? req.method,
      request_id: String(res.getHeader('x-request-id') ?? ''),
      source: req.socket.remoteAddress ?? '',
    };
  }

  /** Throws ApiError `unavailable` when it cannot be put on record: then it must not be done either. */
  async record(event: AuditEvent): Promise<void> {
    try {
      await this.options.sink.write(event);
    } catch (cause) {
      throw new ApiError('unavailable', 'what is asked cannot be put on record now: try again', {}, { cause });
    }
  }

  /** A refusal does not wait for its record. */
  tell(event: AuditEvent): void {
    if (this.underWay >= MAX_REFUSALS_UNDER_WAY) return void this.missed++;
    this.underWay++;
    this.options.sink
      .write(event)
      .catch(() => this.missed++)
      .finally(() => this.underWay--);
  }
}
