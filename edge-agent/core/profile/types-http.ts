/** What a profile says of devices that come to the agent, and of those that post over HTTP. */
import { type TimeUnit } from './types-mqtt';

/** Of every protocol whose devices come to the agent. */
export interface DeskSection {
  /** Certificate and key of the agent, PEM; without them devices speak in the clear. */
  readonly cert_file?: string;
  readonly key_file?: string;
  readonly max_body_bytes?: number;
  /** Requests a device may make in a second, and at once. */
  readonly rate_per_s?: number;
  readonly burst?: number;
  readonly time_unit?: TimeUnit;
  /** Devices that are not in the profile may come with a claim code; absent: they are refused. */
  readonly claims?: ClaimsSection;
}

export interface ClaimsSection {
  /** Address of the platform's API. */
  readonly api: string;
  /** What they are. */
  readonly model: string;
}

export interface PostingDeviceSection {
  /** What stands for the device in addresses; its id when absent. */
  readonly address?: string;
  readonly token?: string;
  readonly token_file?: string;
  readonly silence_ms?: number;
}

export interface PostingPointSection {
  /** JSON pointer into the values; /metric when absent. */
  readonly value?: string;
}

export type HttpConnectionSection = DeskSection;
export type HttpDeviceSection = PostingDeviceSection;
export type HttpPointSection = PostingPointSection;
