/**
 * Posts to addresses that a tenant chose, and not to what only this machine can reach: every address that a name leads to is
 * looked at when it is connected to, so a name that changes its mind in between leads nowhere. Redirects are not followed.
 */
import { lookup, type LookupAddress } from 'node:dns';
import { request as plain } from 'node:http';
import { request as encrypted } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { type Post } from './delivery';

/** Shorter than a consumer's session, which stands still meanwhile. */
export const POST_TIMEOUT_MS = 5_000;

export class ForbiddenAddress extends Error {
  readonly code = 'forbidden-address';
  constructor(host: string) {
    super(`${host} is an address of this machine or its link: events are not posted there (WEBHOOK_LOCAL=1 allows it)`);
    this.name = 'ForbiddenAddress';
  }
}

const LOCAL = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
] as const)
  LOCAL.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 128],
  ['::1', 128],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  LOCAL.addSubnet(network, prefix, 'ipv6');

/** Loopback, link-local (where clouds keep their credentials), multicast and nowhere; mapped into IPv6 as well. */
export const isLocal = (address: string): boolean => LOCAL.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** `local`: whether addresses of this machine may be posted to. */
export function poster(local: boolean): Post {
  return (url, headers, body) =>
    new Promise((resolve, reject) => {
      const { protocol, hostname } = new URL(url);
      const host = hostname.replace(/^\[|\]$/g, '');
      if (!local && isIP(host) !== 0 && isLocal(host)) throw new ForbiddenAddress(host);
      const send = protocol === 'https:' ? encrypted : plain;
      const options = {
        ...{ method: 'POST', agent: false, signal: AbortSignal.timeout(POST_TIMEOUT_MS) },
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        ...(!local && { lookup: abroad }),
      };
      const out = send(url, options, (answer) => {
        resolve(answer.statusCode ?? 0);
        answer.destroy();
      });
      out.on('error', reject);
      out.end(body);
    });
}

/** dns.lookup that fails for a name with any local address. */
const abroad: LookupFunction = (host, options, done) => {
  lookup(host, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error) return done(error, '');
    if (addresses.some(({ address }) => isLocal(address))) return done(new ForbiddenAddress(host), '');
    const [first] = addresses;
    if (options.all) done(null, addresses);
    else done(null, first?.address ?? '', first?.family);
  });
};
