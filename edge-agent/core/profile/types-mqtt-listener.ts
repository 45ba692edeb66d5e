/** What a profile says of devices that connect to the agent over MQTT, without a broker between them. */
import { type DeskSection, type PostingDeviceSection } from './types-http';
import { type MqttCommandSection, type MqttPointSection, type MqttSubscriptionSection } from './types-mqtt';

export interface MqttListenerConnectionSection extends DeskSection {
  /** Devices connected at once. */
  readonly max_clients?: number;
  /** Messages of one device that wait for the disk. */
  readonly receive_maximum?: number;
  /** Topics of the devices' own; beside v1/devices/<address>/readings, which is always taken. */
  readonly topics?: readonly Omit<MqttSubscriptionSection, 'group' | 'qos'>[];
}

export type MqttListenerDeviceSection = PostingDeviceSection;

export interface MqttListenerPointSection extends Omit<MqttPointSection, 'command'> {
  readonly command?: Partial<MqttCommandSection> & {
    /** The write is done when the device answers on <topic>/answer. */
    readonly answer?: boolean;
  };
}
