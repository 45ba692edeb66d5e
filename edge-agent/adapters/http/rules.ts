/** What devices that post ask of a profile beyond its schema. */
import { kindOfType, type ProtocolRules } from '../../core/compile/protocol';
import { checkDesk, checkNoRegisters, checkSecret } from '../../wire/posts/rules';
import { connectionSettings, deviceSettings, sourceOf } from './settings';

export const httpRules: ProtocolRules = {
  protocols: ['http'],
  section: 'http',
  kind: ({ type }) => kindOfType(type),
  checkConnection: (c) => checkDesk(c, 'http', c.http),
  checkPoint: (p, { section }) => [...checkSecret('http', section.http), ...checkNoRegisters(p, 'http')],
  connectionSettings,
  deviceSettings,
  pointSource: sourceOf,
};
