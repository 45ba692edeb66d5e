/** Devices that connect to the agent over MQTT, without a broker: PUBACK and PUBREC go out when the readings are durable. */
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type IConnectPacket } from 'mqtt-packet';
import { AdapterError, type WriteRequest } from '../../adapter';
import { isClaimCode } from '../../core/claims';
import { type ConnectionPlan, type DevicePlan, type PointPlan } from '../../core/compile/plan';
import { notWritten } from '../../wire/broker/publish-error';
import { commandMessage } from '../../wire/mqtt/mapping';
import { type Outgoing } from '../../wire/mqtt/outbound';
import { MessageTable, REJECTIONS } from '../../wire/mqtt/table';
import { RETRY_S } from '../../wire/posts/desk';
import { type Attempt, ListeningAdapter, type ListeningDeps } from '../../wire/posts/listening-adapter';
import { type PostingDevice } from '../../wire/posts/settings';
import { Answers } from './answers';
import { Client, type ClientHost, type Said } from './client';
import { meaningOf } from './plan';
import { type ConnectRefusal, isKept, Session } from './session';
import { type ListenerSettings, type ListenerSource } from './settings';

/** Room for topic and properties beside the payload, bytes. */
const OVERHEAD_BYTES = 66_000;
export class MqttListenerAdapter extends ListeningAdapter implements ClientHost {
  private readonly settings: ListenerSettings;
  private readonly answers = new Answers();
  private readonly sockets = new Set<Client>();
  /** By address of the device. */
  private readonly clients = new Map<string, Client>();
  private readonly sessions = new Map<string, Session>();
  /** Commands that stay: by topic, bounded by the points of the profile. */
  private readonly retained = new Map<string, { readonly address: string; readonly message: Outgoing }>();
  private table: MessageTable;
  private server: Server | undefined;

  constructor(connection: ConnectionPlan, deps: ListeningDeps) {
    const settings = connection.settings as ListenerSettings;
    super(connection.name, settings, deps);
    this.settings = settings;
    this.table = new MessageTable(connection);
    for (const name of [...REJECTIONS, 'foreign', 'bad_times', 'refused_clients']) this.desk.count(name, 0);
    this.adopt(connection, new Set());
  }

  override exclude(devices: ReadonlySet<string>): void {
    super.exclude(devices);
    for (const id of devices) this.turnOut(id, 'suspended or decommissioned');
  }

  override reconfigure(connection: ConnectionPlan, changed: ReadonlySet<string>): void {
    for (const id of changed) this.turnOut(id, 'the profile has changed');
    super.reconfigure(connection, changed);
    this.table = new MessageTable(connection);
    for (const address of this.sessions.keys()) if (!this.desk.planOf(address)) this.sessions.delete(address);
    for (const [topic, { address }] of this.retained) if (!this.desk.planOf(address)) this.retained.delete(topic);
  }

  connect(client: Client, packet: IConnectPacket): { session: Session; present: boolean } | ConnectRefusal {
    const { username = '', password, clientId, clean } = packet;
    const refusal = this.desk.identify(username, password?.toString('utf8') ?? '');
    if (refusal === 'unauthorized' || refusal === 'excluded') {
      this.desk.count('refused_clients');
      return refusal;
    }
    this.clients.get(username)?.takeOver();
    client.address = username;
    this.clients.set(username, client);
    const before = this.sessions.get(username);
    const present = clean !== true && before?.keep === true && before.client_id === clientId;
    const { receive_maximum } = this.settings;
    const session =
      present && before
        ? before
        : new Session(clientId, isKept(packet), receive_maximum, (answer) => this.clients.get(username)?.send(answer));
    this.sessions.set(username, session);
    void this.desk.hand(this.idOf(username), []);
    return { session, present };
  }

  claim({ username = '', password }: IConnectPacket): ReturnType<ClientHost['claim']> {
    const code = password?.toString('utf8') ?? '';
    if (!isClaimCode(code)) return undefined;
    return this.desk.claim(username, code).then((claimed) => {
      if (claimed.kind === 'granted') return { topic: `v1/devices/${username}/token`, token: claimed.token };
      return claimed.kind === 'limited' || claimed.kind === 'full' ? 'busy' : claimed.kind;
    });
  }

  said(client: Client, { topic, payload, durable }: Said): void {
    const { address } = client;
    const now = this.deps.clock.now();
    const device = this.desk.planOf(address);
    if (!device || this.heard.isExcluded(device.id)) return;
    // What is too much is taken, and the device then made to wait: 3.1.1 knows no refusal.
    if (this.desk.admit(address)) client.rest(RETRY_S * 1_000);
    const meaning = meaningOf(this.table, device, address, topic, payload, now);
    switch (meaning.kind) {
      case 'entries':
        return void this.desk.take(address, meaning.decode).then(
          (taken) => {
            if (taken.kind === 'refused') this.heard.error(device.id, taken.detail);
            durable();
          },
          // Its number could not be written: without an acknowledgement the message comes again with the connection.
          (error: unknown) => client.destroy((error as Error).message),
        );
      case 'answer':
        this.answers.came(`${device.id}/${meaning.metric}`, payload);
        return durable();
      case 'samples':
        for (const name of meaning.counted) this.desk.count(name);
        if (meaning.complaint !== '') this.heard.error(device.id, meaning.complaint);
        // A message that means nothing must not come again for ever.
        return void this.desk.hand(device.id, meaning.samples).then(durable);
    }
  }

  subscribed(client: Client): void {
    for (const [topic, { address, message }] of this.retained) {
      if (address !== client.address || client.takes(topic) === undefined) continue;
      client.command({ ...message, qos: 0 }, 0).catch((error: unknown) => {
        this.desk.lastError = (error as Error).message;
      });
    }
  }

  closed(client: Client, reason: string): void {
    this.sockets.delete(client);
    const { address } = client;
    if (this.clients.get(address) !== client) return;
    this.clients.delete(address);
    const device = this.idOf(address);
    this.answers.lost(device, reason);
    this.heard.lose(device, this.deps.clock.now(), reason);
    if (this.sessions.get(address)?.keep !== true) this.sessions.delete(address);
  }

  protected override get listening(): boolean {
    return this.server?.listening ?? false;
  }

  protected override gauges(): Readonly<Record<string, number>> {
    return { clients: this.sockets.size, sessions: this.sessions.size };
  }

  protected override hold(held: boolean): void {
    for (const client of this.sockets) client.hold(held);
  }

  protected override listen({ opened, failed }: Attempt): void {
    const { host, port, cert_file, key_file } = this.settings;
    const welcome = (socket: Socket): void => this.welcome(socket);
    const server =
      cert_file !== undefined && key_file !== undefined
        ? createTlsServer({ cert: readFileSync(cert_file), key: readFileSync(key_file) }, welcome)
        : createServer(welcome);
    this.server = server;
    server.maxConnections = this.settings.max_clients;
    server.on('error', failed);
    server.on('tlsClientError', (error: Error) => (this.desk.lastError = error.message));
    server.listen(port, host, () => {
      if (this.stopping) return void server.close();
      opened();
    });
  }

  protected override async shut(): Promise<void> {
    for (const client of this.sockets) client.turnOut('the agent is stopping');
    const { server } = this;
    if (server?.listening === true) await new Promise((resolve) => server.close(resolve));
  }

  protected override async deliver(device: DevicePlan, point: PointPlan, order: WriteRequest): Promise<void> {
    const { timeout_ms, value } = order;
    const { command, kind, answer } = point.source as ListenerSource;
    const name = `${device.id}/${point.metric}`;
    if (!command) throw new AdapterError('not-writable', 'write', name);
    const message = commandMessage(command, kind, value, name);
    const { address } = device.settings as PostingDevice;
    const client = this.clients.get(address);
    if (!client) throw new AdapterError('not-connected', 'write', `${device.id} is not connected`);
    const takes = client.takes(message.topic);
    if (takes === undefined)
      throw new AdapterError('not-connected', 'write', `${device.id} has not subscribed to ${message.topic}`);
    if (message.retain) this.retained.set(message.topic, { address, message });
    const answered = answer ? this.answers.wait(name, timeout_ms) : Promise.resolve();
    const qos = message.qos === 1 && takes === 1 ? 1 : 0;
    const sent = client
      .command({ ...message, qos, retain: false }, timeout_ms)
      .catch((cause: unknown) => notWritten(cause, name));
    await Promise.all([sent, answered]);
  }

  private welcome(socket: Socket): void {
    const { receive_maximum, max_body_bytes } = this.settings;
    const limits = { receive_maximum, max_packet_bytes: max_body_bytes + OVERHEAD_BYTES };
    this.sockets.add(new Client(socket, limits, this));
  }

  private turnOut(id: string, reason: string): void {
    const { address = '' } = (this.plans.get(id)?.settings ?? {}) as Partial<PostingDevice>;
    this.clients.get(address)?.turnOut(reason);
  }

  private idOf(address: string): string {
    return this.desk.planOf(address)?.id ?? '';
  }
}
