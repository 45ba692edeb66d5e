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
}
