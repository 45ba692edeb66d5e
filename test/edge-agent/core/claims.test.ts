import {
  type ClaimedDevice,
  isClaimCode,
  MAX_CLAIMED,
  standingOf,
  TOLD_AGAIN_MS,
  withClaimed,
  withNewcomers,
} from '../../../edge-agent/core/claims';
import { type Profile } from '../../../edge-agent/core/profile/types';
import { CLAIM_CODE } from '../adapters/claims';

const claimed = (id: string, more: Partial<ClaimedDevice> = {}): ClaimedDevice => ({
  ...{ id, connection: 'posts', model: 'fan', token_file: `/claimed/${id}`, code_hash: 'abc', at: 1_000, ...more },
});

const profile = {
  agent: { id: 'edge' },
  connections: [
    { name: 'posts', protocol: 'http', http: { claims: { api: 'http://p', model: 'fan' } } },
    { name: 'listener', protocol: 'mqtt-listener', mqtt_listener: { claims: { api: 'http://p', model: 'scale' } } },
    { name: 'closed', protocol: 'coap' },
    { name: 'line', protocol: 'modbus-tcp' },
  ],
  models: { fan: { points: [{ metric: 't' }] } },
  devices: [{ id: 'own', connection: 'posts', model: 'fan', http: { token: 'x' } }],
} as unknown as Profile;
const ids = (p: Profile): string[] => p.devices.map((d) => d.id);

test('devices that were claimed are added where strangers are taken in, with their secret', () => {
  expect(withClaimed(profile, [claimed('new')]).devices.at(-1)).toEqual({
    ...{ id: 'new', connection: 'posts', model: 'fan', http: { token_file: '/claimed/new' } },
  });
  expect(withClaimed(profile, [])).toBe(profile);
});

test.each([
  ['is in the profile by itself', claimed('own')],
  ['has the name of the agent', claimed('edge')],
  ['came to a connection that takes nobody in any more', claimed('new', { connection: 'closed' })],
  ['came to a connection that is gone', claimed('new', { connection: 'elsewhere' })],
  ['is of a model that is gone', claimed('new', { model: 'gone' })],
])('one that %s is left out', (_, device) => expect(ids(withClaimed(profile, [device]))).toEqual(['own']));

test('the profile is checked with a newcomer to each connection that takes strangers in', () => {
  const newcomers = withNewcomers(profile).devices.slice(1);
  expect(newcomers.map((d) => [d.connection, d.model])).toEqual([
    ['posts', 'fan'],
    ['listener', 'scale'],
  ]);
});

test('a code makes one device one time, and tells a device again whose answer got lost', () => {
  const one = [claimed('new')];
  const stranger = { id: 'new', listed: false };
  expect(standingOf([], stranger, 'abc', 1_000)).toBe('new');
  expect(standingOf(one, stranger, 'abc', 1_000 + TOLD_AGAIN_MS - 1)).toBe('again');
  expect(standingOf(one, stranger, 'abc', 1_000 + TOLD_AGAIN_MS)).toBe('taken');
  expect(standingOf(one, stranger, 'another', 1_001)).toBe('taken');
  expect(standingOf([], { id: 'own', listed: true }, 'abc', 1_000)).toBe('listed');
  const many = Array.from({ length: MAX_CLAIMED }, (_, i) => claimed(`c${i}`));
  expect(standingOf(many, { id: 'one-more', listed: false }, 'abc', 1_000)).toBe('too-many');
});

test('a code has its form', () => {
  expect([CLAIM_CODE, 'token-of-d', `${CLAIM_CODE} `].map(isClaimCode)).toEqual([true, false, false]);
});
