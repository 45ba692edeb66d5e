/** Frames of a CAN bus from what carries them, and what a DBC file says of them. */
import { frameOfLine } from '../../../edge-agent/adapters/can/candump';
import { decodeDatagram, encodeDatagram } from '../../../edge-agent/adapters/can/cannelloni';
import { type CanFrame, FrameError } from '../../../edge-agent/adapters/can/frame';
import { groupOf } from '../../../edge-agent/adapters/can/j1939';
import { encodeLine, SlcanReader } from '../../../edge-agent/adapters/can/slcan';
import { MANAGEMENT, TRANSFER, TransportProtocol } from '../../../edge-agent/adapters/can/transport';
import { DbcError } from '../../../edge-agent/core/profile/dbc';
import { pointsOfDbc } from '../../../edge-agent/core/profile/points-dbc';
import { type Target } from './target';

/** Bus frames as they are put together from packets: one protocol for all inputs, so that sessions that stay would be seen. */
function busTargets(): Target[] {
  const protocol = new TransportProtocol(249);
  let now = 0;
  const take = (frame: CanFrame): void => {
    const group = groupOf(frame);
    if (group?.pgn === MANAGEMENT || group?.pgn === TRANSFER) protocol.take(group, now);
    protocol.expire((now += 10));
  };
  const frame = (id: number, hex: string): CanFrame => ({
    ...{ id, extended: true, remote: false },
    data: Buffer.from(hex, 'hex'),
  });
  const seeds = [
    frame(0x1cecff05, '20170004ffebfe00'),
    frame(0x1cecf905, '10170004ffebfe00'),
    frame(0x1cebff05, '0100112233445566'),
    frame(0x1cebf905, '0200112233445566'),
  ];
  const noRefusal = (): boolean => false;
  return [
    {
      name: 'can tunnel with transport protocol',
      seeds: seeds.map((f, i) => encodeDatagram(i, f)),
      read: (bytes) => decodeDatagram(bytes).frames.forEach(take),
      refuses: (error) => error instanceof FrameError,
    },
    {
      name: 'can slcan lines',
      seeds: seeds.map(encodeLine),
      read: (bytes) => void new SlcanReader().feed(bytes),
      refuses: noRefusal,
    },
    {
      name: 'can candump line',
      seeds: [Buffer.from('(1436509052.249713) can0 044#2A366C2BBA'), Buffer.from('(1.0) can0 18FF1001##1112233')],
      read: (bytes) => void frameOfLine(bytes.toString('latin1')),
      refuses: noRefusal,
    },
    {
      name: 'can dbc file',
      seeds: [
        Buffer.from(
          'BO_ 256 E: 8 U\n SG_ S M : 7|16@0- (0.25,0) [0|8] "rpm" A\n SG_ T m0M : 24|4@1+ (1,0) [0|0] "" A\n' +
            'CM_ SG_ 256 S "c";\nVAL_ 256 T 0 "P" ;\nSIG_VALTYPE_ 256 T : 1;\nSG_MUL_VAL_ 256 T S 0-1, 3-4;',
        ),
      ],
      read: (bytes) => void pointsOfDbc(bytes.toString('latin1')),
      refuses: (error) => error instanceof DbcError,
    },
  ];
}

export const BUS_TARGETS: readonly Target[] = busTargets();
