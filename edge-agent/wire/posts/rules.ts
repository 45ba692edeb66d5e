/** What every protocol whose devices come to the agent asks of a profile beyond its schema. */
import { type Issue } from '../../core/profile/problem';
import { type ConnectionSection, type PointSection } from '../../core/profile/types';
import { type DeskSection, type PostingDeviceSection } from '../../core/profile/types-http';

const not = (key: string, protocol: string): Issue => ({
  path: [key],
  value: undefined,
  expected: `no ${key} with ${protocol}`,
  atKey: true,
});

/** `section`: key of the protocol's own part. */
export function checkDesk(c: ConnectionSection, section: string, own: DeskSection | undefined): Issue[] {
  const keys = ['serial', 'limits', 'in_flight', 'pause_ms'] as const;
  const issues = keys.filter((key) => c[key] !== undefined).map((key) => not(key, c.protocol));
  const { cert_file, key_file } = own ?? {};
  if ((cert_file === undefined) !== (key_file === undefined))
    issues.push({ path: [section], value: undefined, expected: 'cert_file and key_file, or neither' });
  return issues;
}

/** Every device that comes has a secret of its own. */
export function checkSecret(section: string, own: PostingDeviceSection | undefined): Issue[] {
  const { token, token_file } = own ?? {};
  if ((token === undefined) !== (token_file === undefined)) return [];
  const expected = `${section}.token or ${section}.token_file on the device, one of them`;
  return [{ path: [], value: undefined, expected }];
}

export function checkNoRegisters(p: PointSection, protocol: string): Issue[] {
  const keys = ['table', 'address', 'length', 'bit', 'bit_count', 'word_order', 'byte_order'] as const;
  return keys.filter((key) => p[key] !== undefined).map((key) => not(key, protocol));
}
