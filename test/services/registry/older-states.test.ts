/** A state written before devices had parents, serial numbers and configurations is the state that its log makes today. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { avroType, Decoder } from '../../../schemas/codec';
import { projectRoot } from '../../../schemas/root';
import { deviceFromRecord, eventFromRecord, fold } from '../../../services/domain/device';

const AT = 1_700_000_000_000;
const description = { name: 'Pump', model: 'P100', agent_id: 'agent-1', path: 'acme/north', labels: { hall: '2' } };

test('version 1 of the state and of its first event agree', () => {
  const schema = JSON.parse(
    readFileSync(join(projectRoot(), 'schemas', 'history', 'device-state', '1.avsc'), 'utf8'),
  ) as object;
  const body = avroType(schema).toBuffer({
    ...{ tenant: 'default', device_id: 'p-1', version: 1, state: 'registered', earlier_state: null, ...description },
    ...{ credential: null, reason: null, registered_at: AT, changed_at: AT, recent_requests: ['r-1'] },
  });
  const state = deviceFromRecord(new Decoder('device-state').decodeFrom(1, () => schema, body));
  const event = {
    ...{ event_id: 'e', tenant: 'default', device_id: 'p-1', version: 1, type: 'registered', state_from: null },
    ...{
      state_to: 'registered',
      at: AT,
      actor: 'a',
      reason: null,
      request_id: 'r-1',
      data: JSON.stringify(description),
    },
  };
  expect(fold([eventFromRecord(event)])).toEqual(state);
});
