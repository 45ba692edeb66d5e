/** Every device as the compacted topic gives it, in this process: what group commands select from. */
import { type Kafka } from 'kafkajs';
import { EventReader, type StreamConfig, type StreamLog, WriterSchemas } from '../../schemas/stream';
import { deviceKey, Topics } from '../../schemas/topics';
import { type DeviceState } from '../../schemas/generated';
import { type DeviceFilter, matches } from '../../services/domain/device';
import { type Tail, tail } from '../../services/lib/tail';
import { type DeviceBook } from '../batch/activities';

export class StreamDeviceBook implements DeviceBook {
  private readonly devices = new Map<string, DeviceState>();

  private constructor(private readonly read: () => Promise<void>) {}

  static async follow(
    kafka: Kafka,
    config: StreamConfig,
    instance: string,
    log: StreamLog,
  ): Promise<{ book: StreamDeviceBook; tail: Tail }> {
    const reader = new EventReader('device-state', new WriterSchemas(config));
    let caughtUp: Promise<void> = Promise.resolve();
    const book = new StreamDeviceBook(() => caughtUp);
    const following = await tail(
      kafka,
      {
        ...{ groupId: `${instance}-devices`, topics: [Topics.devices.name], from: 'beginning' },
        async onMessage({ key, value, partition, offset }) {
          try {
            book.learn(String(key), value && (await reader.read(value)));
          } catch (err) {
            // The projector buries what nobody can read; a device in such a state is left as it was.
            log.warn({ err, partition, offset }, 'device state not understood');
          }
        },
      },
      log,
    );
    caughtUp = following.caughtUp;
    return { book, tail: following };
  }

  async select(tenant: string, filter: DeviceFilter): Promise<readonly DeviceState[]> {
    await this.read();
    const found = [...this.devices.values()].filter((d) => d.tenant === tenant && matches(d, filter));
    return found.sort((a, b) => (a.device_id < b.device_id ? -1 : 1));
  }

  private learn(key: string, state: DeviceState | null): void {
    if (state) this.devices.set(deviceKey(state.tenant, state.device_id), state);
    else this.devices.delete(key);
  }
}
