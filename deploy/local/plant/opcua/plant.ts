/** The plant as an OPC UA server, on npm node-opcua-server behind a wire with a fault dial. Same process as the Modbus plant. */
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { type Namespace, type UAObject, type UAVariable } from 'node-opcua-address-space';
import { OPCUAServer } from 'node-opcua-server';
import {
  DataType,
  MessageSecurityMode,
  SecurityPolicy,
  type StatusCode,
  StatusCodes,
  Variant,
  VariantArrayType,
} from 'node-opcua-client';
import { freePorts } from '../../ports';
import { type Fault, parseFault } from '../modbus/faults';
import { boilerAt, initialState, meterAt, obey, type PlantState } from '../modbus/process';
import { Wire } from '../wire';
import { rebooted } from '../boiler';
import { BoilerRoom } from './boiler-room';

export const PLANT_NAMESPACE = 'urn:millrace:plant';
/** A setpoint above this overheats the boiler, Cel. */
export const OVERHEATED_CEL = 90;
/** Name and password the plant knows besides anonymous. */
export const PLANT_USER = { name: 'operator', password: 'steam' } as const;

export interface OpcUaPlantOptions {
  readonly host: string;
  readonly port: number;
  /** Holds the server's own key and certificates. */
  readonly dataDir: string;
  /** Only encrypted endpoints. */
  readonly secureOnly?: boolean;
}

export interface PlantWrite {
  readonly at: number;
  readonly node: string;
  readonly value: unknown;
}

export class OpcUaPlant {
  readonly writes: { count: number; last: PlantWrite | undefined } = { count: 0, last: undefined };
  readonly faults = {
    current: { kind: 'none' } as Fault,
    take: (data: unknown): void => this.misbehave(parseFault(data)),
    set: (fault: Fault): void => this.misbehave(fault),
  };
  /** Notifications that clients acknowledged. */
  acknowledged = 0;
  private state: PlantState = initialState(Date.now());
  private server: OPCUAServer | undefined;
  private wire: Wire | undefined;
  private boilerroom: BoilerRoom | undefined;
  private status: StatusCode = StatusCodes.Good;
  private readonly held = new Map<string, unknown>();

  constructor(private readonly options: OpcUaPlantOptions) {}

  get running(): boolean {
    return this.wire?.up ?? false;
  }

  get connections(): number {
    return this.wire?.connections ?? 0;
  }

  /** The boiler is overheated, or it is not any more. */
  overheat(active: boolean): void {
    this.boilerroom?.overheat(active, boilerAt(this.state, Date.now()).temperature_cel);
  }

  get endpoint(): string {
    return `opc.tcp://${this.options.host}:${this.options.port}`;
  }

  /** Resolves when it listens. Again after `vanish`: the server and its sessions were there all the time. */
  async start(): Promise<void> {
    if (!this.server) {
      const [inner = 0] = await freePorts(1);
      this.server = await this.serve(inner);
      this.wire = new Wire(this.options.host, this.options.port, inner);
    }
    await this.wire?.start();
  }

  /** The network is gone; the server lives on. */
  async vanish(): Promise<void> {
    await this.wire?.stop();
  }

  async stop(): Promise<void> {
    await this.wire?.stop();
    await this.server?.shutdown(0);
    this.server = undefined;
  }

  /** The server forgets its sessions; setpoints survive. */
  reboot(down_ms: number): Promise<void> {
    return rebooted(this, down_ms);
  }

  private misbehave(fault: Fault): void {
    this.faults.current = fault;
    this.status = fault.kind === 'exception' ? StatusCodes.BadDeviceFailure : StatusCodes.Good;
    if (fault.kind === 'drop') this.wire?.fallSilent();
    else if (fault.kind === 'delay') this.wire?.delay(fault.ms ?? 0);
    else if (fault.kind === 'garbage') this.wire?.garbage();
    else this.wire?.behave();
  }

  private async serve(port: number): Promise<OPCUAServer> {
    const { host, dataDir, secureOnly } = this.options;
    const store = (name: string): OPCUACertificateManager =>
      new OPCUACertificateManager({
        rootFolder: join(dataDir, name),
        // It is a simulation: whoever comes is let in. The agent is the one that must not do so.
        automaticallyAcceptUnknownCertificate: true,
      });
    const [serverStore, userStore] = [store('pki'), store('user-pki')];
    await Promise.all([serverStore.initialize(), userStore.initialize()]);
    const server = new OPCUAServer({
      port,
      hostname: host,
      serverCertificateManager: serverStore,
      userCertificateManager: userStore,
      securityPolicies: secureOnly
        ? [SecurityPolicy.Basic256Sha256]
        : [SecurityPolicy.None, SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes128_Sha256_RsaOaep],
      securityModes: [
        ...(secureOnly ? [] : [MessageSecurityMode.None]),
        MessageSecurityMode.Sign,
        MessageSecurityMode.SignAndEncrypt,
      ],
      disableDiscovery: false,
      userManager: {
        isValidUser: (name: string, word: string) => name === PLANT_USER.name && word === PLANT_USER.password,
      },
      serverCapabilities: {
        minSupportedSampleRate: 10,
        maxSessions: 50,
        maxMonitoredItemsPerSubscription: 20_000,
        operationLimits: { maxNodesPerRead: 500, maxMonitoredItemsPerCall: 200, maxNodesPerBrowse: 50 },
      },
    });
    await server.initialize();
    this.build(server);
    server.on('request', (request: { subscriptionAcknowledgements?: unknown[] | null }) => {
      this.acknowledged += request.subscriptionAcknowledgements?.length ?? 0;
    });
    await server.start();
    return server;
  }

  private build(server: OPCUAServer): void {
    const { addressSpace } = server.engine;
    if (!addressSpace) throw new Error('the server has no address space');
    const ns = addressSpace.registerNamespace(PLANT_NAMESPACE);
    const folder = (name: string): UAObject =>
      ns.addObject({
        organizedBy: addressSpace.rootFolder.objects,
        ...{
          browseName: name,
          nodeId: `s=${name}`,
          eventSourceOf: addressSpace.rootFolder.objects.server,
          eventNotifier: 1,
        },
      });
    addressSpace.installAlarmsAndConditionsService();
    const [boiler, meter, types] = [folder('Boiler'), folder('Meter'), folder('Types')];
    const now = (): number => Date.now();
    const temperature = this.gauge(
      ns,
      boiler,
      'Temperature',
      DataType.Double,
      () => boilerAt(this.state, now()).temperature_cel,
    );
    addressSpace.installHistoricalDataNode(temperature, { maxOnlineValues: 10_000 });
    this.gauge(ns, boiler, 'Pressure', DataType.Float, () => boilerAt(this.state, now()).pressure_bar);
    this.gauge(ns, meter, 'Energy', DataType.UInt64, () => words(meterAt(now()).energy_wh + BigInt(now() % 1_000)));
    this.setting(ns, boiler, 'Setpoint', DataType.Double, this.state.setpoint, (value) => {
      this.state = obey(this.state, { kind: 'setpoint', value: Number(value) }, now());
      this.overheat(Number(value) > OVERHEATED_CEL);
    });
    this.boilerroom = new BoilerRoom(ns, boiler);
    this.setting(ns, types, 'Boolean', DataType.Boolean, false);
    this.setting(ns, types, 'Int16', DataType.Int16, -2);
    this.setting(ns, types, 'UInt32', DataType.UInt32, 4_123_456_789);
    this.setting(ns, types, 'Int64', DataType.Int64, [0xffffffff, 0xfffffffe]);
    this.setting(ns, types, 'Float', DataType.Float, 21.5);
    this.setting(ns, types, 'String', DataType.String, 'MILLRACE');
    this.setting(ns, types, 'DateTime', DataType.DateTime, new Date(0));
    ns.addVariable({
      componentOf: types,
      browseName: 'Array',
      nodeId: 's=Types.Array',
      dataType: 'String',
      valueRank: 1,
      value: { dataType: DataType.String, arrayType: VariantArrayType.Array, value: ['one', 'two'] },
    });
  }

  /** Moves by itself. */
  private gauge(ns: Namespace, parent: UAObject, name: string, dataType: DataType, value: () => unknown): UAVariable {
    return ns.addVariable({
      componentOf: parent,
      browseName: name,
      nodeId: `s=${parent.browseName.name}.${name}`,
      dataType,
      minimumSamplingInterval: 10,
      accessLevel: 'CurrentRead | HistoryRead',
      userAccessLevel: 'CurrentRead | HistoryRead',
      value: { get: () => (this.status.isGood() ? scalar(dataType, value()) : this.status) },
    });
  }

  /** Holds what is written to it. */
  private setting(
    ns: Namespace,
    parent: UAObject,
    name: string,
    dataType: DataType,
    first: unknown,
    obeyed: (value: unknown) => void = () => undefined,
  ): void {
    const node = `${parent.browseName.name}.${name}`;
    if (!this.held.has(node)) this.held.set(node, first);
    ns.addVariable({
      componentOf: parent,
      browseName: name,
      nodeId: `s=${node}`,
      dataType,
      minimumSamplingInterval: 10,
      value: {
        get: () => (this.status.isGood() ? scalar(dataType, this.held.get(node)) : this.status),
        set: ({ value }: Variant): StatusCode => {
          this.held.set(node, value);
          obeyed(value);
          this.writes.count++;
          this.writes.last = { at: Date.now(), node, value };
          return StatusCodes.Good;
        },
      },
    });
  }
}

const scalar = (dataType: DataType, value: unknown): Variant =>
  new Variant({ dataType, arrayType: VariantArrayType.Scalar, value });
const words = (n: bigint): [number, number] => [Number(n >> 32n), Number(n & 0xffffffffn)];
