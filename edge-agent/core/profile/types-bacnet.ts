/** What a profile says of BACnet connections, devices and points. */

/** Of a connection with protocol bacnet. */
export interface BacnetConnectionSection {
  /** Absent: ip. */
  readonly link?: 'ip' | 'mstp';
  /** mstp: own address, and the highest one asked for. */
  readonly station?: number;
  readonly max_master?: number;
  readonly max_info_frames?: number;
  readonly interface?: string;
  readonly port?: number;
  readonly broadcast?: string;
  /** Register there as a foreign device. */
  readonly bbmd?: string;
  readonly bbmd_ttl_s?: number;
  /** What leads to other networks; found when left out. */
  readonly routers?: readonly BacnetRouterSection[];
}

/** address with link ip, mac with link mstp. */
export interface BacnetRouterSection {
  readonly network: number;
  readonly address?: string;
  readonly mac?: number;
}

export interface BacnetDeviceSection {
  /** Behind a router; mac and address are those it has there. */
  readonly network?: number;
  readonly address?: string;
  /** mstp */
  readonly mac?: number;
  readonly instance?: number;
  readonly max_objects?: number;
  readonly priority?: number;
}

export interface BacnetPointSection {
  readonly priority?: number;
  readonly cov?: boolean;
  readonly override?: boolean;
}
