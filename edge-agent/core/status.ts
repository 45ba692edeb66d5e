/** What an adapter can say of itself at any time; the health page and the metrics are made of it. */

export interface DeviceStatus {
  readonly id: string;
  readonly connected: boolean;
  /** The last error as a whole; empty when there was none. */
  readonly last_error: string;
  /** Of the read that is furthest behind its scan time. */
  readonly scan_asked_ms: number;
  readonly scan_achieved_ms: number;
  /** Scans left out because the line or the device was too slow or not there. */
  readonly scans_missed: number;
}

export interface AdapterStatus {
  readonly connection: string;
  readonly connected: boolean;
  readonly last_error: string;
  /** Counters and gauges by name, such as requests, timeouts, exceptions, in_flight. */
  readonly counters: Readonly<Record<string, number>>;
  readonly devices: readonly DeviceStatus[];
  /** Who spoke and is not in the profile; not all of them when they are many. */
  readonly strangers?: readonly string[];
}
