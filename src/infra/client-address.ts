/**
 * Who is asking, by address. Each proxy writes in front of whom it speaks for: the last address that is
 * not one of the operator's own proxies is the client's, and whatever stands before it may be made up.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

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
