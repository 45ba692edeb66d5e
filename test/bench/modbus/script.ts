/**
 * What a programmer writes in an afternoon: npm modbus-serial into kafkajs. Nothing is kept on disk, nothing is sent twice
 * on purpose, and what is in memory at a crash is gone.  Arguments: port, devices, topic.
 */
import { CompressionTypes, Kafka, logLevel } from 'kafkajs';
import ModbusRTU from 'modbus-serial';
import { FLOATS, INTEGERS, REGISTERS, SCAN_MS } from './plant';

const [port = 0, devices = 0] = process.argv.slice(2, 4).map(Number);
const topic = process.argv[4] ?? '';
const SEND_MS = 250;

const waiting: { key: string; value: string }[] = [];

function decoded(data: Buffer): number[] {
  const floats = Array.from({ length: FLOATS }, (_, i) => data.readFloatBE(4 * i));
  const integers = Array.from({ length: INTEGERS }, (_, i) => data.readInt16BE(4 * FLOATS + 2 * i) / 10);
  return [...floats, ...integers];
}

async function poll(device: number): Promise<void> {
  const client = new ModbusRTU();
  await client.connectTCP('127.0.0.1', { port });
  client.setID((device % 247) + 1);
  client.setTimeout(1_000);
  const scan = async (): Promise<void> => {
    try {
      const { buffer } = await client.readHoldingRegisters(0, REGISTERS);
      const key = `machine-${device}`;
      waiting.push({ key, value: JSON.stringify({ device: key, ts: Date.now(), values: decoded(buffer) }) });
    } catch (error) {
      process.stderr.write(`${device}: ${String(error)}\n`);
    }
  };
  setTimeout(() => setInterval(() => void scan(), SCAN_MS), (device / devices) * SCAN_MS);
}

async function main(): Promise<void> {
  const kafka = new Kafka({ brokers: (process.env['KAFKA_BROKERS'] ?? '').split(','), logLevel: logLevel.ERROR });
  const producer = kafka.producer();
  await producer.connect();
  const send = async (): Promise<void> => {
    const messages = waiting.splice(0);
    if (messages.length > 0) await producer.send({ topic, messages, compression: CompressionTypes.GZIP });
  };
  const sending = setInterval(() => void send(), SEND_MS);
  process.on('SIGTERM', () => {
    clearInterval(sending);
    void send()
      .then(() => producer.disconnect())
      .then(() => process.exit(0));
  });
  for (let i = 0; i < devices; i++) await poll(i);
}

void main();
