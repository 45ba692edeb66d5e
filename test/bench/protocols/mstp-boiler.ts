/** The simulated boiler as a master of MS/TP, station 3, on the serial port that its argument names. Ends with its parent. */
import { MstpTransport } from '../../../edge-agent/adapters/bacnet/mstp/transport';
import { BacnetPlant } from '../../../deploy/local/plant/bacnet/plant';

const [device = ''] = process.argv.slice(2);
const station = { baud_rate: 115_200, station: 3, max_master: 4, max_info_frames: 1 };
const transport = () => new MstpTransport({ device, ...station });

process.once('disconnect', () => process.exit(0));
void new BacnetPlant({ host: '', port: 0, dataDir: '', transport }).start().then(() => process.send?.('running'));
