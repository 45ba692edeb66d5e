/** Devices that post their readings, or keep a WebSocket open: answered when the readings are durable, and the same numbers are not taken twice. */
import { type IncomingMessage, type Server } from 'node:http';
import { type Duplex } from 'node:stream';
import { AdapterError, type WriteRequest } from '../../adapter';
import { type ConnectionPlan, type DevicePlan, type PointPlan } from '../../core/compile/plan';
import { checkValue } from '../../wire/heard';
import { decodeBody, formatOf } from '../../wire/posts/entries';
import { REFUSED, type Refusal, RETRY_S, type Taken } from '../../wire/posts/desk';
import { type Attempt, ListeningAdapter, type ListeningDeps } from '../../wire/posts/listening-adapter';
import { type PostingDevice, type PostSource } from '../../wire/posts/settings';
import { type Answer, type Call, createServer, problem, type Service } from './server';
import { type HttpConnectionSettings } from './settings';
import { Sockets } from './sockets';

const STATUS: Readonly<Record<Refusal, number>> = { unauthorized: 401, excluded: 403, limited: 429, full: 503 };
const REASONS = { gone: 404, malformed: 400, 'too-old': 409 } as const;

const refused = (reason: Refusal): Answer => {
  if (reason === 'unauthorized')
    return problem(401, 'the token of the device, as Authorization: Bearer', { 'www-authenticate': 'Bearer' });
  const later = reason === 'limited' || reason === 'full';
  return problem(STATUS[reason], REFUSED[reason], later ? { 'retry-after': String(RETRY_S) } : undefined);
};

const answerOf = (outcome: Taken): Answer =>
  outcome.kind === 'taken'
    ? { status: 200, body: { taken: outcome.taken, again: outcome.again } }
    : problem(REASONS[outcome.reason], outcome.detail);

export class HttpAdapter extends ListeningAdapter implements Service {
  private readonly settings: HttpConnectionSettings;
  private readonly sockets: Sockets;
  private server: Server | undefined;

  constructor(connection: ConnectionPlan, deps: ListeningDeps) {
    const settings = connection.settings as HttpConnectionSettings;
    super(connection.name, settings, deps);
    this.settings = settings;
    this.sockets = new Sockets(settings.max_body_bytes, {
      take: async (address, entries) => {
        const refusal = this.desk.admit(address);
        return refusal ? refused(refusal) : answerOf(await this.desk.take(address, entries));
      },
      came: (address) => void this.desk.hand(this.idOf(address), []),
      left: (address, reason) => this.heard.lose(this.idOf(address), this.deps.clock.now(), reason),
    });
    this.adopt(connection, new Set());
  }

  override exclude(devices: ReadonlySet<string>): void {
    super.exclude(devices);
    for (const id of devices) this.sockets.turnOut(this.addressOf(id), REFUSED.excluded);
  }

  override reconfigure(connection: ConnectionPlan, changed: ReadonlySet<string>): void {
    for (const id of changed) this.sockets.turnOut(this.addressOf(id), 'the profile has changed');
    super.reconfigure(connection, changed);
  }

  identify({ address, token }: Call): Answer | undefined {
    const refusal = this.desk.identify(address, token);
    return refusal && refused(refusal);
  }

  admit({ address }: Call): Answer | undefined {
    const refusal = this.desk.admit(address);
    return refusal && refused(refusal);
  }

  async take({ address, contentType }: Call, body: Buffer): Promise<Answer> {
    const format = formatOf(contentType);
    if (!format) return problem(415, 'application/json, application/x-ndjson or application/cbor');
    return answerOf(await this.desk.take(address, () => decodeBody(format, body)));
  }

  async claim({ address, token }: Call): Promise<Answer> {
    const claimed = await this.desk.claim(address, token);
    return claimed.kind === 'granted' ? { status: 201, body: { token: claimed.token } } : refused(claimed.kind);
  }

  upgrade({ address }: Call, req: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.sockets.accept(address, req, socket, head);
  }

  protected override get listening(): boolean {
    return this.server?.listening ?? false;
  }

  protected override gauges(): Readonly<Record<string, number>> {
    return { sockets: this.sockets.size };
  }

  protected override listen({ opened, failed }: Attempt): void {
    const { host, port } = this.settings;
    const server = createServer(this.settings, this);
    this.server = server;
    server.once('error', failed);
    server.listen(port, host, () => {
      if (this.stopping) return void server.close();
      opened();
    });
  }

  protected override async shut(): Promise<void> {
    this.sockets.close();
    const { server } = this;
    if (server?.listening !== true) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  /** Commands go down the socket that the device keeps open. */
  protected override deliver(device: DevicePlan, { metric, source }: PointPlan, order: WriteRequest): Promise<void> {
    const { value, timeout_ms } = order;
    checkValue((source as PostSource).kind, value, `${device.id}/${metric}`);
    const { address } = device.settings as PostingDevice;
    if (!this.sockets.has(address)) {
      const hint = 'commands need the WebSocket /v1/devices/<device>/stream';
      throw new AdapterError('not-connected', 'write', `${device.id} keeps no socket open`, hint);
    }
    return this.sockets.command(address, metric, value, timeout_ms);
  }

  private addressOf(id: string): string {
    return (this.plans.get(id)?.settings as PostingDevice | undefined)?.address ?? id;
  }

  private idOf(address: string): string {
    return this.desk.planOf(address)?.id ?? '';
  }
}
