/** Keeps a link open: connects, and connects again with backoff until it is closed. */
import { backoff_ms } from '../../core/backoff';
import { type Framing } from './codec/framing';
import { Mbap } from './codec/mbap';
import { Rtu } from './codec/rtu';
import { Link, type LinkStats } from './link';
import { serial } from './serial';
import { type ModbusConnectionSettings } from './settings';
import { type Open, tcp } from './transport';

export interface LineListener {
  connecting(): void;
  opened(link: Link): void;
  /** The link is gone, or could not be had. */
  lost(reason: Error): void;
}

export interface LineStats extends LinkStats {
  reconnects: number;
  exceptions: number;
}

export class Line {
  link: Link | undefined;
  lastError = '';
  readonly stats: LineStats = {
    requests: 0,
    timeouts: 0,
    late: 0,
    bad_frames: 0,
    crc_errors: 0,
    bytes_in: 0,
    bytes_out: 0,
    reconnects: 0,
    exceptions: 0,
  };
  private attempt = 0;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly settings: ModbusConnectionSettings,
    private readonly random: () => number,
    private readonly transport: Open | undefined,
    private readonly listener: LineListener,
  ) {}

  start(): void {
    const open = this.transport ?? transportOf(this.settings);
    this.listener.connecting();
    const link: Link = new Link(open, this.framing(), this.stats, {
      opened: () => this.listener.opened(link),
      closed: (reason) => this.lost(reason),
    });
    this.link = link;
  }

  /** The line answers: the next loss starts with the shortest wait again. */
  heard(): void {
    this.attempt = 0;
  }

  close(reason: Error): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.link?.close(reason);
  }

  private lost(reason: Error): void {
    this.link = undefined;
    this.lastError = reason.message;
    this.listener.lost(reason);
    if (this.closed) return;
    this.stats.reconnects++;
    const wait_ms = backoff_ms(++this.attempt, this.settings.backoff, this.random());
    this.timer = setTimeout(() => this.start(), wait_ms);
  }

  private framing(): Framing {
    return this.settings.framing === 'mbap' ? new Mbap() : new Rtu();
  }
}

function transportOf({ endpoint, connect_timeout_ms }: ModbusConnectionSettings): Open {
  return endpoint.kind === 'tcp' ? tcp(endpoint.host, endpoint.port, connect_timeout_ms) : serial(endpoint.serial);
}
