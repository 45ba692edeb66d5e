/** What a profile says of BACnet/IP connections, devices and points. */

/** Of a connection with protocol bacnet. */
export interface BacnetConnectionSection {
  readonly interface?: string;
  readonly port?: number;
  readonly broadcast?: string;
  /** Register there as a foreign device. */
  readonly bbmd?: string;
  readonly bbmd_ttl_s?: number;
}

export interface BacnetDeviceSection {
  readonly address?: string;
  readonly instance?: number;
  readonly max_objects?: number;
  readonly priority?: number;
}

export interface BacnetPointSection {
  readonly priority?: number;
  readonly cov?: boolean;
  readonly override?: boolean;
}
