/** What a profile says of OPC UA connections and points. */

/** Of a connection with protocol opcua. */
export interface OpcUaConnectionSection {
  readonly endpoint: string;
  readonly policy?: 'None' | 'Basic256Sha256' | 'Aes128_Sha256_RsaOaep' | 'Aes256_Sha256_RsaPss';
  readonly mode?: 'None' | 'Sign' | 'SignAndEncrypt';
  /** Folder of own key and certificate, and of what is trusted. */
  readonly pki?: string;
  /** Absent: anonymous. */
  readonly user?: OpcUaUserSection;
  readonly publishing_ms?: number;
  readonly session_timeout_ms?: number;
}

export interface OpcUaUserSection {
  readonly name?: string;
  readonly password?: string;
  readonly password_file?: string;
  /** PEM files. */
  readonly certificate_file?: string;
  readonly key_file?: string;
}

export interface OpcUaPointSection {
  readonly queue_size?: number;
  /** Raw units; the server reports changes above this only. */
  readonly deadband?: number;
  /** Of the EURange the server has. */
  readonly deadband_percent?: number;
  /** Read what was missed from the server's history after an outage. */
  readonly history?: boolean;
  readonly event?: OpcUaEventSection;
  /** The node is a method of this object; commands call it. */
  readonly method_of?: string;
}

/** A point that says one thing of the events its node notifies of. */
export interface OpcUaEventSection {
  /** Browse path below the type of the event, such as Message or ActiveState/Id. */
  readonly field: string;
  /** URI of the names in `field`; absent: the standard's own. */
  readonly namespace?: string;
  /** Events of this type and what is derived from it. */
  readonly type?: string;
  readonly min_severity?: number;
  readonly source?: string;
  readonly condition?: string;
}
