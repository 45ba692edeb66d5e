/** What a profile says of devices that post their readings. */
import { type TimeUnit } from './types-mqtt';

export interface HttpConnectionSection {
  /** Certificate and key of the agent, PEM; without them devices speak plain HTTP. */
  readonly cert_file?: string;
  readonly key_file?: string;
  readonly max_body_bytes?: number;
  /** Requests a device may make in a second, and at once. */
  readonly rate_per_s?: number;
  readonly burst?: number;
  readonly time_unit?: TimeUnit;
}

export interface HttpDeviceSection {
  /** What stands for the device in addresses; its id when absent. */
  readonly address?: string;
  readonly token?: string;
  readonly token_file?: string;
  readonly silence_ms?: number;
}

export interface HttpPointSection {
  /** JSON pointer into the values; /metric when absent. */
  readonly value?: string;
}
