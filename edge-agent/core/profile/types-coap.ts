/** What a profile says of devices that speak CoAP: they post to the agent, or the agent asks them, or both. */
import { type DeskSection, type PostingDeviceSection, type PostingPointSection } from './types-http';

export interface CoapConnectionSection extends DeskSection {
  /** tls: with cert_file and key_file, which are the agent's; udp when absent. */
  readonly transport?: 'udp' | 'tcp' | 'tls';
  /** tls: authorities of the devices that the agent calls, PEM; those of the system when absent. */
  readonly ca_file?: string;
}

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
