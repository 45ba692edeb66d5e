/** What a profile says of devices that speak CoAP: they post to the agent, or the agent asks them, or both. */
import { type DeskSection, type PostingDeviceSection, type PostingPointSection } from './types-http';

export type CoapConnectionSection = Omit<DeskSection, 'cert_file' | 'key_file'>;

export interface CoapDeviceSection extends PostingDeviceSection {
  /** Where the device serves its resources. */
  readonly host?: string;
  readonly port?: number;
}

export interface CoapPointSection extends PostingPointSection {
  /** Path on the device, such as /sensors/level; absent: the device posts the value. */
  readonly resource?: string;
  readonly observe?: boolean;
  readonly format?: 'json' | 'cbor' | 'text';
}
