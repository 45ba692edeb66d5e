/** A session with a broker that speaks AMQP, 1.0 or 0-9-1. */
import { type ConnectionPlan } from '../../core/compile/plan';
import { type BrokerLink, BrokerSession, type LinkListener, type SessionListener } from '../broker/session';
import { type BrokerAdapterDeps } from '../broker/adapter';
import { type AmqpMessage, type AmqpOutgoing } from './dialect';
import { Memory } from './memory';
import { Receipts } from './receipts';
import { type AmqpSettings } from './settings';

export type AmqpConnection = BrokerLink<AmqpOutgoing> & {
  /** Messages taken and not yet settled. */
  readonly unsettled: number;
};

type Connect = new (settings: AmqpSettings, receipts: Receipts, listener: LinkListener<AmqpMessage>) => AmqpConnection;

/** Messages remembered for each that may be under way: the acknowledgement of the one before may have been lost. */
const REMEMBERED = 2;

export class AmqpBroker extends BrokerSession<AmqpMessage, AmqpOutgoing> {
  private readonly newest: { link: AmqpConnection | undefined };

  constructor(
    { name, settings: given }: ConnectionPlan,
    { random, receipts: left }: Pick<BrokerAdapterDeps, 'random' | 'receipts'>,
    listener: SessionListener<AmqpMessage>,
    Link: Connect,
  ) {
    const settings = given as AmqpSettings;
    const newest: { link: AmqpConnection | undefined } = { link: undefined };
    // Lives longer than a link: what is not settled when the link is lost comes again over the next one.
    const underWay = settings.credit * settings.sources.length;
    const receipts = new Receipts(REMEMBERED * underWay, left && new Memory(name, underWay, left()));
    super({
      ...{ random, listener, backoff: settings.backoff },
      open: (to) => (newest.link = new Link(settings, receipts, to)),
    });
    this.newest = newest;
  }

  get unanswered(): number {
    return this.connected ? (this.newest.link?.unsettled ?? 0) : 0;
  }
}
