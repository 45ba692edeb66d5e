/** What a profile says of Sparkplug B. */
import { type BrokerSection } from './types-mqtt';

export interface SparkplugConnectionSection extends BrokerSection {
  /** Name under which the agent tells that it listens; edge nodes that know it as their primary host wait for it. */
  readonly host_id?: string;
  /** Groups that are listened to; all when absent. */
  readonly groups?: readonly string[];
}

export interface SparkplugDeviceSection {
  readonly group: string;
  readonly node: string;
  /** Absent: the edge node itself. */
  readonly device?: string;
}

export interface SparkplugPointSection {
  /** Of the metric, as the birth gives it; the point's metric when absent. */
  readonly name: string;
}
