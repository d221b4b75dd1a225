import { lookup as lookupAddress, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { PrivateWebhookAddressError } from './errors.js';

/** The addresses that IANA's special-purpose registries do not list as global. */
const SPECIAL: readonly (readonly [address: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 9],
  ['ff00::', 8],
];

const special = new BlockList();
for (const [address, prefix] of SPECIAL) {
  special.addSubnet(address, prefix, address.includes(':') ? 'ipv6' : 'ipv4');
}

/** Whether an address is public. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  // An IPv4 address in IPv6 notation is checked against both lists.
  return family !== 0 && !special.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** Checks the host of a URL: false if it is an IP address that is not public. */
export function isPublicHost(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '');
  return isIP(address) === 0 || isPublicAddress(address);
}

/**
 * Resolves a name, for a connection that may only go to public addresses. This happens when the
 * connection is made, because a name may resolve differently after an earlier check.
 */
export const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookupAddress(hostname, { ...options, all: true } as LookupOptions, (error, found) => {
    if (error) return callback(error, '');
    const addresses = (found as unknown as LookupAddress[]).filter(({ address }) =>
      isPublicAddress(address),
    );
    const [first] = addresses;
    if (first === undefined) callback(new PrivateWebhookAddressError(hostname), '');
    else if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};
