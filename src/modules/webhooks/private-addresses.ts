import { BlockList, isIP } from 'node:net';

/**
 * Not the internet: ourselves, neighbours, documentation, multicast, and wrappings of such. Two lists,
 * since Node takes every IPv4 address for one inside of ::ffff:0:0/96 as well.
 */
const inner4 = new BlockList();
const inner6 = new BlockList();
/** All of the internet's addresses are in here so far; the rest is other wrappings, or nobody's. */
const global6 = new BlockList();
global6.addSubnet('2000::', 3, 'ipv6');
for (const [net, prefix] of [
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
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  inner4.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  inner6.addSubnet(net, prefix, 'ipv6');

/** Whether an IP address leads out into the internet. What is no address does not. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !inner4.check(address, 'ipv4');
    case 6:
      return (
        !address.includes('%') && global6.check(address, 'ipv6') && !inner6.check(address, 'ipv6')
      );
    default:
      return false;
  }
}

/** The address in a URL's host, where it is one and not a name. */
export function addressIn(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return isIP(bare) === 0 ? undefined : bare;
}
