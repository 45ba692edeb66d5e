/** What can be done, and the least role that may. */
import { type Role } from './principal';

export const ACTIONS = {
  'device.read': 'viewer',
  'device.register': 'engineer',
  /** Provision and activate: a device comes to work. */
  'device.commission': 'engineer',
  /** Suspend and resume: part of a shift's work. */
  'device.operate': 'operator',
  /** To say which configuration a device has taken. */
  'device.report': 'operator',
  'device.decommission': 'engineer',
  /** What it is and where: name, model, path, labels, agent. */
  'device.update': 'engineer',
  'device.configure': 'engineer',
  /** From what a device is called to its pseudonym; there is no way back. */
  'pseudonym.find': 'engineer',
  /** Nobody finds the pseudonym of any name afterwards. */
  'pseudonym.erase': 'admin',
  'definition.read': 'viewer',
  'definition.manage': 'engineer',
  'command.read': 'viewer',
  'command.send': 'operator',
  /** What is sent again and again with nobody looking on. */
  'schedule.manage': 'engineer',
  'image.read': 'viewer',
  'image.publish': 'engineer',
  'campaign.read': 'viewer',
  'campaign.run': 'engineer',
  /** Of the installation: topics, and how far behind SQL is. */
  'stream.read': 'viewer',
  /** They hold what was sent, byte for byte. */
  'letter.read': 'engineer',
  'letter.replay': 'engineer',
  'profile.read': 'engineer',
  'profile.manage': 'engineer',
  /** An agent opens connections, and reads what a draft names. */
  'profile.probe': 'engineer',
  'self.read': 'viewer',
  'key.read': 'admin',
  'key.manage': 'admin',
  'token.issue': 'admin',
  'webhook.read': 'admin',
  'webhook.manage': 'admin',
  'audit.read': 'admin',
  'identity.read': 'admin',
  'identity.manage': 'admin',
  /** These two take a proof, not a role: see decideSelf. */
  'identity.enroll': 'admin',
  'identity.renew': 'admin',
} as const satisfies Record<string, Role>;

export type Action = keyof typeof ACTIONS;

/** Done without leaving anything changed; when allowed, they are not on record one by one. */
export const isReading = (action: Action): boolean => action.endsWith('.read') && !action.startsWith('audit.');
