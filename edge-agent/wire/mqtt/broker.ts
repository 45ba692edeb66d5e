/** A session with a broker that speaks MQTT. */
import { BrokerSession, type SessionListener } from '../broker/session';
import { Inbound, type Memory } from './inbound';
import { type Message, MqttLink } from './link';
import { type Outgoing } from './outbound';
import { type Subscription, type Will } from './packets';
import { type BrokerSettings } from './settings';

export interface BrokerOptions {
  readonly settings: BrokerSettings;
  readonly subscriptions: readonly Subscription[];
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  /** Made anew for each session. */
  readonly will?: () => Will;
  readonly listener: SessionListener<Message>;
  /** What an earlier life of the agent took. */
  readonly memory?: Memory;
}

export class Broker extends BrokerSession<Message, Outgoing> {
  private readonly inbound: Inbound;

  constructor({ settings, subscriptions, random, will, listener, memory }: BrokerOptions) {
    let link: MqttLink | undefined;
    // Lives longer than a link: what is not durable yet when the link is lost comes again over the next one.
    const inbound = new Inbound(settings.receive_maximum, (packet) => link?.answer(packet), memory);
    super({
      ...{ random, listener, backoff: settings.backoff },
      open: (to) => (link = new MqttLink(settings, subscriptions, inbound, will?.(), to)),
    });
    this.inbound = inbound;
  }

  /** Messages taken and not yet acknowledged. */
  get unanswered(): number {
    return this.inbound.unanswered;
  }
}
