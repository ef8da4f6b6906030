/**
 * Who is asking, by address. Each proxy writes in front of whom it speaks for: the last address that is
 * not one of the operator's own proxies is the client's, and whatever stands before it may be made up.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type IsProxy = (address: string) => boolean;

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6');

/** Addresses, and networks like 10.0.0.0/8, as the configuration has checked them. */
export function proxiesAt(networks: readonly string[]): IsProxy {
  const known = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    if (bits === undefined) known.addAddress(address, family(address));
    else known.addSubnet(address, Number(bits), family(address));
  }
  return (address) => isIP(address) !== 0 && known.check(address, family(address));
}

/** As Fastify's `request.ip`, for requests that do not come to it. */
export function clientAddress(request: IncomingMessage, isProxy: IsProxy): string {
  const header = request.headers['x-forwarded-for'] ?? '';
  const claimed = (Array.isArray(header) ? header.join(',') : header).split(',');
  let address = request.socket.remoteAddress ?? '';
  while (isProxy(address) && claimed.length > 0) {
    const before = claimed.pop()?.trim() ?? '';
    if (before === '') break;
    address = before;
  }
  return address;
}

/** The part of an IPv6 address that a household or an office is given; the rest is its own to choose. */
const NETWORK_BITS = 64;

/**
 * Whom an address counts as where addresses are counted. Whoever has an IPv6 address has a network of 2^64 of them,
 * which is one for us; an IPv4 address is itself, however it is written.
 */
export function countedAs(address: string): string {
  if (!address.includes(':') || !ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  // All of IPv4 in one network: a translator before us writes it so (RFC 6052).
  if (!(parsed instanceof ipaddr.IPv6) || parsed.range() === 'rfc6052') return parsed.toString();
  const network = ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/${NETWORK_BITS}`);
  return `${network.toString()}/${NETWORK_BITS}`;
}
