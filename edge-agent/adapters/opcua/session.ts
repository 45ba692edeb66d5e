/** A session with a server on npm node-opcua-client, without the library's own subscriptions and reconnecting on top. */
import {
  AttributeIds,
  BrowseDirection,
  type ClientSession,
  CreateMonitoredItemsRequest,
  HistoryReadRequest,
  NodeClass,
  type OPCUAClient,
  type PublishResponse,
  ReadRawModifiedDetails,
  resolveNodeId,
  TimestampsToReturn,
  Variant,
  VariantArrayType,
} from 'node-opcua-client';
import { UaType, type UaValue } from './codec';
import {
  type Ack,
  type HistoryPage,
  LinkError,
  type MonitorRequest,
  type MonitorResult,
  type Notification,
  type ServerLimits,
  type UaAnswer,
  type UaLink,
  type UaNode,
  type UaSignature,
} from './link';
import { countsOf, limitOf } from './plan';
import { Requests, within } from './requests';
import {
  type Callback,
  type CreateResult,
  type HistoryResult,
  type RawServices,
  type TransferResult,
} from './services';
import { type OpcUaSettings } from './settings';
import { argumentOf, monitored, notification, plain, plainVariant } from './wire';

/** Nodes of one request where the server states no limit of its own. */
const MAX_NODES = 1_000;
/** A publish request waits with the server this long, ms; the server speaks three times in that time. */
const PUBLISH_TIMEOUT_MS = 30_000;
/** A session is closed politely for this long, then the connection is cut, ms. */
const FAREWELL_MS = 300;
const LIMITS = { read: 'i=11705', monitor: 'i=11714', browse: 'i=11710' } as const;
const CONDITION_TYPE = 'i=2782';
const CONDITION_REFRESH = 'i=3875';
const NAMESPACE_ARRAY = 'i=2255';

export class SessionLink implements UaLink {
  namespaces: readonly string[] = [];
  limits: ServerLimits = { read: MAX_NODES, monitor: MAX_NODES, browse: MAX_NODES };
  private readonly services: RawServices;
  private readonly requests: Requests;

  constructor(
    private readonly client: OPCUAClient,
    private readonly session: ClientSession,
    private readonly settings: OpcUaSettings,
  ) {
    this.services = session as unknown as RawServices;
    const requests = new Requests(settings.timeout_ms);
    client.on('close', () => requests.gone(new Error('the server closed the connection')));
    client.on('connection_lost', () => requests.gone(new Error('the connection is lost')));
    session.on('session_closed', () => requests.gone(new Error('the server closed the session')));
    this.requests = requests;
  }

  get open(): boolean {
    return this.requests.open;
  }

  get lost(): Promise<Error> {
    return this.requests.lost;
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
    return (await this.requests.ask('read', timeout_ms, this.session.read(asked))).map(plain);
  }

  async typeOf(nodeId: string, timeout_ms: number): Promise<{ type: number; array: boolean }> {
    const attributes = [AttributeIds.Value, AttributeIds.DataType, AttributeIds.ValueRank];
    const asked = attributes.map((attributeId) => ({ nodeId, attributeId }));
    const [value, declared, rank] = await this.requests.ask('read', timeout_ms, this.session.read(asked));
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
    return (await this.requests.ask('write', timeout_ms, this.session.write(asked))).value;
  }

  async signature(method: string, timeout_ms: number): Promise<UaSignature> {
    const asked = this.session.getArgumentDefinition(resolveNodeId(method));
    const { inputArguments, outputArguments } = await this.requests.ask('arguments', timeout_ms, asked);
    return { inputs: inputArguments.map(argumentOf), outputs: outputArguments.map(argumentOf) };
  }

  async call(
    object: string,
    method: string,
    args: readonly { readonly type: number; readonly value: unknown }[],
    timeout_ms: number,
  ): Promise<UaAnswer> {
    const inputArguments = args.map(({ type, value }) => new Variant({ dataType: type, value }));
    const asked = { objectId: resolveNodeId(object), methodId: resolveNodeId(method), inputArguments };
    const { statusCode, outputArguments } = await this.requests.ask('call', timeout_ms, this.session.call(asked));
    return { status: statusCode.value, outputs: (outputArguments ?? []).map((v) => plainVariant(v)) };
  }

  async refresh(subscription: number): Promise<boolean> {
    const id = { type: UaType.uint32, value: subscription };
    const { status } = await this.call(CONDITION_TYPE, CONDITION_REFRESH, [id], this.settings.timeout_ms);
    return status >>> 30 === 0;
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
      await this.requests.call('create a subscription', (cb: Callback<{ subscriptionId: number }>) =>
        this.services.createSubscription(asked, cb),
      )
    ).subscriptionId;
  }

  async transfer(subscription: number): Promise<readonly number[] | undefined> {
    const asked = { subscriptionIds: [subscription], sendInitialValues: false };
    const answer = await this.requests
      .call('transfer', (cb: Callback<{ results: TransferResult[] | null }>) =>
        this.services.transferSubscriptions(asked, cb),
      )
      .catch((error: unknown) => {
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
      itemsToCreate: items.map((item) => monitored(item, this.namespaces)),
    });
    const { results } = await this.requests.call('monitor', (cb: Callback<{ results: CreateResult[] | null }>) =>
      this.services.createMonitoredItems(asked, cb),
    );
    return (results ?? []).map((r) => ({ status: r.statusCode.value, id: r.monitoredItemId }));
  }

  async unmonitor(subscription: number, ids: readonly number[]): Promise<void> {
    const asked = { subscriptionId: subscription, monitoredItemIds: [...ids] };
    await this.requests.call('end monitoring', (cb) => this.services.deleteMonitoredItems(asked, cb));
  }

  async publish(acks: readonly Ack[]): Promise<Notification> {
    const asked = {
      requestHeader: { timeoutHint: PUBLISH_TIMEOUT_MS },
      subscriptionAcknowledgements: acks.map((a) => ({
        subscriptionId: a.subscription,
        sequenceNumber: a.sequence,
      })),
    };
    const answer = await this.requests.call<PublishResponse>(
      'publish',
      (cb) => this.services.publish(asked, cb),
      PUBLISH_TIMEOUT_MS + this.settings.timeout_ms,
    );
    return notification(answer.subscriptionId, answer);
  }

  async republish({ subscription, sequence }: Ack): Promise<Notification | undefined> {
    const asked = { subscriptionId: subscription, retransmitSequenceNumber: sequence };
    try {
      const answer = await this.requests.call(
        'republish',
        (cb: Callback<Pick<PublishResponse, 'notificationMessage'>>) => this.services.republish(asked, cb),
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
    const { results } = await this.requests.call('read history', (cb: Callback<{ results: HistoryResult[] | null }>) =>
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
    let page = await this.requests.ask(
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
      page = await this.requests.ask('browse', timeout_ms, this.session.browseNext(more, done));
      if (done) return nodes;
    }
  }

  async close(reason: Error, forget: boolean): Promise<void> {
    if (!this.open) return;
    this.requests.gone(reason);
    if (forget) await within(FAREWELL_MS, 'close', this.session.close(true)).catch(() => undefined);
    await within(FAREWELL_MS, 'disconnect', this.client.disconnect()).catch(() => undefined);
  }
}
