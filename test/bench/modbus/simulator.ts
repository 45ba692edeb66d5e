/**
 * Modbus TCP devices as lean as they can be, so that the machine is left to who reads them: every device is the unit id of
 * its connection. Holding registers 0 to 19 are ten floats, 20 to 39 twenty integers; all move with time.
 *
 *   node dist/test/bench/modbus/simulator.js     prints its port; SIGUSR1: how often it answered; SIGUSR2: answers no more
 */
import { createServer, type Socket } from 'node:net';
import { FLOATS, REGISTERS } from './plant';

const HEADER_BYTES = 9;
const REQUEST_BYTES = 12;
const BEAT_MS = 100;

let answers = 0;
let answering = true;

/** Data of all registers, made anew a few times a second: devices differ by their first float. */
const image = Buffer.alloc(2 * REGISTERS);
function beat(): void {
  const t = performance.now() / 1_000;
  for (let i = 0; i < FLOATS; i++) image.writeFloatBE(20 + i + Math.sin(t / 10 + i), 4 * i);
  for (let i = 2 * FLOATS; i < REGISTERS; i++) image.writeInt16BE(Math.round(1_000 * Math.sin(t / 7 + i)), 2 * i);
}

/** Every request is a read of holding registers: function 3. */
function answer(request: Buffer, at: number): Buffer {
  const [address, count] = [request.readUInt16BE(at + 8), request.readUInt16BE(at + 10)];
  const out = Buffer.allocUnsafe(HEADER_BYTES + 2 * count);
  request.copy(out, 0, at, at + 8);
  out.writeUInt16BE(3 + 2 * count, 4);
  out.writeUInt8(2 * count, 8);
  image.copy(out, HEADER_BYTES, 2 * address, 2 * (address + count));
  if (address === 0) out.writeFloatBE(request.readUInt8(at + 6), HEADER_BYTES);
  return out;
}

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let at = 0;
    for (; bytes.length - at >= REQUEST_BYTES; at += REQUEST_BYTES) {
      if (!answering) continue;
      answers++;
      socket.write(answer(bytes, at));
    }
    rest = bytes.subarray(at);
  });
  socket.on('error', () => socket.destroy());
}

beat();
setInterval(beat, BEAT_MS);
const server = createServer(serve);
server.listen({ host: '127.0.0.1', port: 0, backlog: 1_024 }, () => {
  const address = server.address();
  console.log(JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 }));
});
const tell = (): void => console.log(JSON.stringify({ answers }));
process.on('SIGUSR1', tell);
process.on('SIGUSR2', () => {
  answering = false;
  tell();
});
