/**
 * Machines on a J1939 bus, each with an address of its own.
 *   0xFF10 each period   temperature (2 bytes, 1/32 K from -273 Cel) · setpoint (2, 0.1 Cel) · count of these frames (4)
 *   0xEF00 to a machine  setpoint (2, 0.1 Cel)
 *   0xFEEB on request    make*model*serial*, announced to all and sent in packets
 */

export interface BusFrame {
  /** 29 bits. */
  readonly id: number;
  readonly data: Buffer;
}

export interface PlantWrite {
  /** ms since 1970-01-01 UTC */
  readonly at: number;
  readonly machine: number;
  readonly value: number;
}

interface Machine {
  /** Tenths of a degree. */
  setpoint: number;
  count: number;
}

const STATUS = 0x18ff1000;
const COMMAND = 0x18ef0000;
const REQUEST = 0x18ea0000;
const MANAGEMENT_TO_ALL = 0x1cecff00;
const TRANSFER_TO_ALL = 0x1cebff00;
const COMPONENT = 0xfeeb;
const BROADCAST = 32;
const PACKET_BYTES = 7;
/** What stands for a failure of the sensor, in values of 2 and 4 bytes. */
const [BROKEN_2, BROKEN_4] = [0xfe00, 0xfe000000];
const FIRST_SETPOINT = 650;

export class Machines {
  readonly writes: { count: number; last: PlantWrite | undefined } = { count: 0, last: undefined };
  private readonly machines: ReadonlyMap<number, Machine>;

  /** By their addresses, 0 to 253. */
  constructor(addresses: readonly number[]) {
    this.machines = new Map(addresses.map((a) => [a, { setpoint: FIRST_SETPOINT, count: 0 }] as const));
  }

  /** What every machine says in a period. */
  beat(now: number, broken: boolean): BusFrame[] {
    return [...this.machines].map(([address, machine]) => {
      const data = Buffer.alloc(8);
      const temperature_cel = 60 + 5 * Math.sin(now / 20_000);
      machine.count++;
      data.writeUInt16LE(broken ? BROKEN_2 : Math.round((temperature_cel + 273) * 32), 0);
      data.writeUInt16LE(broken ? BROKEN_2 : machine.setpoint, 2);
      data.writeUInt32LE(broken ? BROKEN_4 : machine.count, 4);
      return { id: STATUS | address, data };
    });
  }

  /** What is said in answer to a frame. */
  take({ id, data }: BusFrame, now: number): BusFrame[] {
    const address = (id >>> 8) & 0xff;
    const machine = this.machines.get(address);
    const group = (id & 0x1fff0000) >>> 0;
    if (!machine) return [];
    if (group === COMMAND && data.length >= 2) {
      machine.setpoint = data.readUInt16LE(0);
      this.writes.count++;
      this.writes.last = { at: now, machine: address, value: machine.setpoint / 10 };
    }
    const asked = group === REQUEST && data.length >= 3 && data.readUIntLE(0, 3) === COMPONENT;
    return asked ? announced(address, Buffer.from(`MILLRACE*BOILER*SN-${address}*`)) : [];
  }
}

/** A group of more than 8 bytes, to everybody. The pause between packets is left out: nobody else is on this bus. */
function announced(address: number, text: Buffer): BusFrame[] {
  const packets = Math.ceil(text.length / PACKET_BYTES);
  const group = [COMPONENT & 0xff, COMPONENT >> 8, 0];
  const head = Buffer.from([BROADCAST, text.length & 0xff, text.length >> 8, packets, 0xff, ...group]);
  const parts = Array.from({ length: packets }, (_, i) => {
    const data = Buffer.alloc(8, 0xff);
    data.writeUInt8(i + 1, 0);
    text.copy(data, 1, i * PACKET_BYTES, (i + 1) * PACKET_BYTES);
    return { id: TRANSFER_TO_ALL | address, data };
  });
  return [{ id: MANAGEMENT_TO_ALL | address, data: head }, ...parts];
}
