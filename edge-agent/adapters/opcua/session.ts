/** A session with a server on npm node-opcua-client, without the library's own subscriptions and reconnecting on top. */
import {
  AttributeIds,
  BrowseDirection,
  type ClientSession,
  CreateMonitoredItemsRequest,
  HistoryReadRequest,
  MonitoringMode,
  NodeClass,
  type OPCUAClient,
  type PublishResponse,
  ReadRawModifiedDetails,
  resolveNodeId,
  TimestampsToReturn,
  VariantArrayType,
} from 'node-opcua-client';
import { type UaValue } from './codec';
import {
  type Ack,
  type HistoryPage,
  LinkError,
  type MonitorRequest,
  type MonitorResult,
  type Notification,
  type ServerLimits,
  type UaLink,
  type UaNode,
} from './link';
import { countsOf, limitOf } from './plan';
import {
  type Callback,
  type CreateResult,
  type HistoryResult,
  type RawServices,
  type TransferResult,
} from './services';
import { type OpcUaSettings } from './settings';
import { filterOf, notification, plain } from './wire';

/** Nodes of one request where the server states no limit of its own. */
const MAX_NODES = 1_000;
/** A publish request waits with the server this long, ms; the server speaks three times in that time. */
const PUBLISH_TIMEOUT_MS = 30_000;
/** A session is closed politely for this long, then the connection is cut, ms. */
const FAREWELL_MS = 300;
const LIMITS = { read: 'i=11705', monitor: 'i=11714', browse: 'i=11710' } as const;
const NAMESPACE_ARRAY = 'i=2255';

/** Rejects with LinkError `timeout`; what comes later is of no interest. */
export function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new LinkError('timeout', `${what}: no answer within ${Math.round(ms)} ms`)),
      ms,
    );
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

export class SessionLink implements UaLink {
  open = true;
  namespaces: readonly string[] = [];
  limits: ServerLimits = { read: MAX_NODES, monitor: MAX_NODES, browse: MAX_NODES };
  readonly lost: Promise<Error>;
  private reason: Error | undefined;
  private end: (reason: Error) => void = () => undefined;
  private readonly services: RawServices;

  constructor(
    private readonly client: OPCUAClient,
    private readonly session: ClientSession,
    private readonly settings: OpcUaSettings,
  ) {
    this.services = session as unknown as RawServices;
    this.lost = new Promise((resolve) => (this.end = resolve));
    client.on('close', () => this.gone(new Error('the server closed the connection')));
    client.on('connection_lost', () => this.gone(new Error('the connection is lost')));
    session.on('session_closed', () => this.gone(new Error('the server closed the session')));
  }

  /** Namespaces and limits: both may be others after a restart of the server. */
  async learn(): Promise<void> {
    const { timeout_ms } = this.settings;
    const [namespaces, ...limits] = await this.read([NAMESPACE_ARRAY, ...Object.values(LIMITS)], timeout_ms);
    const names = namespaces?.value;
    if (!Array.isArray(names)) throw new LinkError('service', 'the server does not tell its namespaces');
    this.namespaces = names.map(String);
    const [read, monitor, browse] = limits.map((l) => limitOf(l.value, MAX_NODES));
    this.limits = { read: read ?? MAX_NODES, monitor: monitor ?? MAX_NODES, browse: browse ?? MAX_NODES };
  }

  async read(nodes: readonly string[], timeout_ms: number): Promise<UaValue[]> {
    const asked = nodes.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value }));
    return (await this.ask('read', timeout_ms, this.session.read(asked))).map(plain);
  }

  async typeOf(nodeId: string, timeout_ms: number): Promise<{ type: number; array: boolean }> {
    const attributes = [AttributeIds.Value, AttributeIds.DataType, AttributeIds.ValueRank];
    const asked = attributes.map((attributeId) => ({ nodeId, attributeId }));
    const [value, declared, rank] = await this.ask('read', timeout_ms, this.session.read(asked));
    const now = value && plain(value);
    if (now && now.type !== 0) return { type: now.type, array: now.array };
    const { namespace, value: id } = (declared?.value.value ?? {}) as { namespace?: number; value?: unknown };
    return { type: namespace === 0 && typeof id === 'number' ? id : 0, array: Number(rank?.value.value ?? -1) >= 0 };
  }

  async write(nodeId: string, dataType: number, value: unknown, timeout_ms: number): Promise<number> {
    const asked = {
      nodeId,
      attributeId: AttributeIds.Value,
      value: { value: { dataType, arrayType: VariantArrayType.Scalar, value } },
    };
    return (await this.ask('write', timeout_ms, this.session.write(asked))).value;
  }

  async subscribe(publishing_ms: number): Promise<number> {
    const { keepAlive, lifetime } = countsOf(publishing_ms, this.settings.session_timeout_ms);
    const asked = {
      requestedPublishingInterval: publishing_ms,
      requestedMaxKeepAliveCount: keepAlive,
      requestedLifetimeCount: lifetime,
      maxNotificationsPerPublish: 0,
      publishingEnabled: true,
      priority: 0,
    };
    return (
      await this.call('create a subscription', (cb: Callback<{ subscriptionId: number }>) =>
        this.services.createSubscription(asked, cb),
      )
    ).subscriptionId;
  }

  async transfer(subscription: number): Promise<readonly number[] | undefined> {
    const asked = { subscriptionIds: [subscription], sendInitialValues: false };
    const answer = await this.call('transfer', (cb: Callback<{ results: TransferResult[] | null }>) =>
      this.services.transferSubscriptions(asked, cb),
    ).catch((error: unknown) => {
      if (error instanceof LinkError && error.kind === 'service') return { results: null };
      throw error;
    });
    const result = answer.results?.[0];
    return result?.statusCode.value === 0 ? [...(result.availableSequenceNumbers ?? [])] : undefined;
  }

  async monitor(subscription: number, items: readonly MonitorRequest[]): Promise<MonitorResult[]> {
    const asked = new CreateMonitoredItemsRequest({
      subscriptionId: subscription,
      timestampsToReturn: TimestampsToReturn.Both,
      itemsToCreate: items.map(({ node, handle, sampling_ms, queue_size, deadband }) => ({
        itemToMonitor: { nodeId: resolveNodeId(node), attributeId: AttributeIds.Value },
        monitoringMode: MonitoringMode.Reporting,
        requestedParameters: {
          clientHandle: handle,
          samplingInterval: sampling_ms,
          queueSize: queue_size,
          discardOldest: true,
          ...(deadband && { filter: filterOf(deadband) }),
        },
      })),
    });
    const { results } = await this.call('monitor', (cb: Callback<{ results: CreateResult[] | null }>) =>
      this.services.createMonitoredItems(asked, cb),
    );
    return (results ?? []).map((r) => ({ status: r.statusCode.value, id: r.monitoredItemId }));
  }

  async unmonitor(subscription: number, ids: readonly number[]): Promise<void> {
    const asked = { subscriptionId: subscription, monitoredItemIds: [...ids] };
    await this.call('end monitoring', (cb) => this.services.deleteMonitoredItems(asked, cb));
  }

  async publish(acks: readonly Ack[]): Promise<Notification> {
    const asked = {
      requestHeader: { timeoutHint: PUBLISH_TIMEOUT_MS },
      subscriptionAcknowledgements: acks.map((a) => ({
        subscriptionId: a.subscription,
        sequenceNumber: a.sequence,
      })),
    };
    const answer = await this.call<PublishResponse>(
      'publish',
      (cb) => this.services.publish(asked, cb),
      PUBLISH_TIMEOUT_MS + this.settings.timeout_ms,
    );
    return notification(answer.subscriptionId, answer);
  }

  async republish({ subscription, sequence }: Ack): Promise<Notification | undefined> {
    const asked = { subscriptionId: subscription, retransmitSequenceNumber: sequence };
    try {
      const answer = await this.call('republish', (cb: Callback<Pick<PublishResponse, 'notificationMessage'>>) =>
        this.services.republish(asked, cb),
      );
      return notification(subscription, answer);
    } catch (error) {
      if (error instanceof LinkError && error.kind === 'service') return undefined;
      throw error;
    }
  }

  async history(node: string, from: number, to: number, max: number, continuation?: Buffer): Promise<HistoryPage> {
    const asked = new HistoryReadRequest({
      historyReadDetails: new ReadRawModifiedDetails({
        isReadModified: false,
        startTime: new Date(from),
        endTime: new Date(to),
        numValuesPerNode: max,
        returnBounds: false,
      }),
      nodesToRead: [{ nodeId: resolveNodeId(node), ...(continuation && { continuationPoint: continuation }) }],
      releaseContinuationPoints: false,
      timestampsToReturn: TimestampsToReturn.Both,
    });
    const { results } = await this.call('read history', (cb: Callback<{ results: HistoryResult[] | null }>) =>
      this.services.historyRead(asked, cb),
    );
    const result = results?.[0];
    if (!result || result.statusCode.value >>> 30 === 2)
      throw new LinkError('service', `read history: ${result?.statusCode.name ?? 'no result'}`);
    const more = result.continuationPoint;
    const values = (result.historyData?.dataValues ?? []).map(plain);
    return { values, ...(more && more.length > 0 && { continuation: more }) };
  }

  async browse(node: string, max: number): Promise<UaNode[]> {
    const { timeout_ms } = this.settings;
    let page = await this.ask(
      'browse',
      timeout_ms,
      this.session.browse({
        nodeId: node,
        browseDirection: BrowseDirection.Forward,
        referenceTypeId: 'HierarchicalReferences',
        includeSubtypes: true,
        nodeClassMask: NodeClass.Object | NodeClass.Variable,
        resultMask: 63,
      }),
    );
    const nodes: UaNode[] = [];
    for (;;) {
      for (const r of page.references ?? [])
        nodes.push({
          node: r.nodeId.toString(),
          name: r.browseName.name ?? '',
          isVariable: r.nodeClass === NodeClass.Variable,
        });
      const more = page.continuationPoint as Buffer | null | undefined;
      if (!more || more.length === 0) return nodes;
      const done = nodes.length >= max;
      page = await this.ask('browse', timeout_ms, this.session.browseNext(more, done));
      if (done) return nodes;
    }
  }

  async close(reason: Error, forget: boolean): Promise<void> {
    if (!this.open) return;
    this.gone(reason);
    if (forget) await within(FAREWELL_MS, 'close', this.session.close(true)).catch(() => undefined);
    await within(FAREWELL_MS, 'disconnect', this.client.disconnect()).catch(() => undefined);
  }

  private gone(reason: Error): void {
    if (!this.open) return;
    this.open = false;
    this.reason = reason;
    this.end(reason);
  }

  private call<T>(what: string, start: (cb: Callback<T>) => void, timeout_ms?: number): Promise<T> {
    const work = new Promise<T>((resolve, reject) =>
      start((error, response) => {
        if (error) reject(error);
        else if (response === undefined) reject(new Error('an empty answer'));
        else resolve(response);
      }),
    );
    return this.ask(what, timeout_ms ?? this.settings.timeout_ms, work);
  }

  /** Ends with the answer, with its time, or with the link: whichever comes first. */
  private async ask<T>(what: string, timeout_ms: number, work: Promise<T>): Promise<T> {
    const ended = this.lost.then((reason) => {
      throw endedBy(what, reason);
    });
    try {
      return await within(timeout_ms, what, Promise.race([work, ended]));
    } catch (error) {
      if (error instanceof LinkError) throw error;
      if (this.reason) throw endedBy(what, this.reason);
      const { message } = error as Error;
      const isLost =
        !this.open || /Invalid Channel|connection|BadSession|BadSecureChannel|has been closed/i.test(message);
      const kind = isLost ? 'closed' : /timed? ?out|BadRequestTimeout/i.test(message) ? 'timeout' : 'service';
      throw new LinkError(kind, `${what}: ${message.trim()}`, { cause: error });
    }
  }
}

/** A session given up for its silence leaves requests unanswered, not refused. */
function endedBy(what: string, reason: Error): LinkError {
  const kind = reason instanceof LinkError ? reason.kind : 'closed';
  return new LinkError(kind, `${what}: ${reason.message}`, { cause: reason });
}
