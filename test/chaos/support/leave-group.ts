/**
 * Tells the coordinator that members of a consumer group have gone, as they would have if they had been stopped in order. After
 * kill -9 a group otherwise waits out their sessions, and a run of hundreds of kills would mostly wait.
 */
import { connect } from 'node:net';
import { type Admin } from 'kafkajs';

const LEAVE_GROUP = 13;
const VERSION = 3;
const TIMEOUT_MS = 5_000;

/** Those alive among them find out at their next heartbeat, and join again. `broker`: host:port, plaintext, the only one. */
export async function forgetMembers(admin: Admin, broker: string, groupIds: readonly string[]): Promise<void> {
  const { groups } = await admin.describeGroups([...groupIds]);
  for (const { groupId, members } of groups)
    if (members.length > 0)
      await exchange(
        broker,
        leaveGroup(
          groupId,
          members.map((m) => m.memberId),
        ),
      );
}

/** Size, key, version, correlation id, client id; group, then members: id and no instance id. */
function leaveGroup(groupId: string, memberIds: readonly string[]): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt16BE(LEAVE_GROUP, 0);
  head.writeInt16BE(VERSION, 2);
  head.writeInt32BE(1, 4);
  const members = memberIds.flatMap((id) => [text(id), int16(-1)]);
  const body = Buffer.concat([head, text('chaos'), text(groupId), int32(memberIds.length), ...members]);
  return Buffer.concat([int32(body.length), body]);
}

/** Resolves with the first bytes of the answer. */
function exchange(broker: string, request: Buffer): Promise<Buffer> {
  const [host = '', port = ''] = broker.split(':');
  const socket = connect(Number(port), host);
  return new Promise<Buffer>((resolve, reject) => {
    socket.setTimeout(TIMEOUT_MS, () => reject(new Error('the broker does not answer')));
    socket
      .once('error', reject)
      .once('data', resolve)
      .once('connect', () => socket.write(request));
  }).finally(() => socket.destroy());
}

const text = (value: string): Buffer => Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)]);

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
