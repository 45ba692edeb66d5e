/** Serial ports on npm serialport: the only file that knows the library. */
import { type SerialPort } from 'serialport';

export interface PortSettings {
  readonly device: string;
  readonly baud_rate: number;
  readonly parity?: 'none' | 'even' | 'odd';
  readonly data_bits?: 7 | 8;
  readonly stop_bits?: 1 | 2;
  readonly rtscts?: boolean;
}

/** What is used of serialport's stream. */
export type Port = Pick<SerialPort, 'open' | 'close' | 'write' | 'drain' | 'set' | 'flush' | 'on' | 'isOpen'>;

/** Not open yet. The native binding is loaded with the first serial line: agents without one do not pay for it. */
export async function nativePort(settings: PortSettings): Promise<Port> {
  const { device: path, baud_rate: baudRate, parity = 'none', data_bits = 8, stop_bits = 1, rtscts = false } = settings;
  const { SerialPort } = await import('serialport');
  return new SerialPort({
    ...{ path, baudRate, parity, dataBits: data_bits, stopBits: stop_bits, rtscts },
    // Nobody else may talk on the line while we do.
    ...{ lock: true, autoOpen: false },
  });
}

/** A call of serialport's, which answers by callback. */
export function done(call: (cb: (error: Error | null | undefined) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => call((error) => (error ? reject(error) : resolve())));
}
