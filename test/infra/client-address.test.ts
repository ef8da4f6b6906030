import type { IncomingMessage } from 'node:http';
import { readConfig } from '../../src/config';
import { clientAddress, countedAs, proxiesAt } from '../../src/infra/client-address';
import { startHouse } from '../support/house';
import { RawSocket } from '../support/raw-socket';

const asked = (remoteAddress: string, forwarded?: string): IncomingMessage =>
  ({
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    socket: { remoteAddress },
  }) as unknown as IncomingMessage;

it.each([
  ['who comes without a proxy', '203.0.113.9', undefined, '203.0.113.9'],
  ['who only says that there was one', '203.0.113.9', '198.51.100.7', '203.0.113.9'],
  ['who comes through one', '10.1.2.3', '198.51.100.7', '198.51.100.7'],
  ['who makes up where others came from', '10.1.2.3', '1.1.1.1, 198.51.100.7', '198.51.100.7'],
  ['who comes through two', '10.1.2.3', '198.51.100.7, fd00::1', '198.51.100.7'],
  ['a proxy that asks for itself', '10.1.2.3', undefined, '10.1.2.3'],
  ['a proxy that nobody stands before', '10.1.2.3', '10.9.9.9', '10.9.9.9'],
  ['a proxy over a socket for both families', '::ffff:10.1.2.3', '198.51.100.7', '198.51.100.7'],
])('%s', (_, remote, forwarded, address) => {
  const isProxy = proxiesAt(['10.0.0.0/8', 'fd00::1']);
  expect(clientAddress(asked(remote, forwarded), isProxy)).toBe(address);
});

it.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', 'proxy.example.org', '10.0.0.0/-1'])(
  'TRUSTED_PROXIES cannot be %s',
  (network) => {
    expect(() => readConfig({ TRUSTED_PROXIES: `127.0.0.1,${network}` })).toThrow(
      /TRUSTED_PROXIES.*neither an address nor a network/s,
    );
  },
);

it.each([
  ['an IPv4 address', '203.0.113.9', '203.0.113.9'],
  ['one written as IPv6', '::ffff:203.0.113.9', '203.0.113.9'],
  ['and in hexadecimal', '::FFFF:CB00:7109', '203.0.113.9'],
  ['an IPv6 address', '2001:db8:1:2:aaaa:bbbb:cccc:dddd', '2001:db8:1:2::/64'],
  ['another one of the same network', '2001:DB8:1:2::1', '2001:db8:1:2::/64'],
  ['the network beside it', '2001:db8:1:3::1', '2001:db8:1:3::/64'],
  ['a link’s own, with its interface', 'fe80::1%eth0', 'fe80::/64'],
  ['the machine itself', '::1', '::/64'],
  ['an IPv4 address from a translator', '64:ff9b::203.0.113.9', '64:ff9b::cb00:7109'],
  ['what is no address', 'unknown:', 'unknown:'],
  ['nothing at all', '', ''],
])('counts %s', (_, address, counted) => {
  expect(countedAs(address)).toBe(counted);
});

it('a household has the connections of one address, whichever of its own it takes', async () => {
  const house = await startHouse({
    rateLimits: true,
    config: {
      trustedProxies: readConfig({ TRUSTED_PROXIES: '127.0.0.0/8' }).trustedProxies,
      connectionsPerAddress: 1,
    },
  });
  try {
    const connect = (forwarded: string): RawSocket =>
      new RawSocket(house, { headers: { 'x-forwarded-for': forwarded } });
    const open = await connect('2001:db8::1').init();
    await expect(connect('2001:db8::2').opened).rejects.toThrow('429');
    const neighbour = await connect('2001:db8:0:1::1').init();
    const four = await connect('198.51.100.7').init();
    await expect(connect('::ffff:198.51.100.7').opened).rejects.toThrow('429');
    open.close();
    await open.closed;
    const next = await connect('2001:db8::2').init();
    for (const each of [neighbour, four, next]) each.close();
  } finally {
    await house.close();
  }
});

it('guests behind a proxy share nothing, and who makes up an address gains nothing', async () => {
  const house = await startHouse({
    rateLimits: true,
    config: {
      trustedProxies: readConfig({ TRUSTED_PROXIES: '127.0.0.0/8' }).trustedProxies,
      connectionsPerAddress: 1,
    },
  });
  try {
    const spend = jest.spyOn(house.app.limits, 'spend');
    const start = (forwarded: string): Promise<unknown> =>
      house.gql(
        'mutation { startGuestSession { accessToken } }',
        {},
        {
          headers: { 'x-forwarded-for': forwarded },
        },
      );
    await start('198.51.100.7');
    await start('1.1.1.1, 198.51.100.8');
    expect(spend.mock.calls).toEqual([
      ['guestByAddress', '198.51.100.7'],
      ['guestByAddress', '198.51.100.8'],
    ]);
    const connect = (forwarded: string): RawSocket =>
      new RawSocket(house, { headers: { 'x-forwarded-for': forwarded } });
    const first = await connect('198.51.100.7').init();
    const second = await connect('198.51.100.8').init();
    await expect(connect('1.1.1.1, 198.51.100.7').opened).rejects.toThrow('429');
    for (const each of [first, second]) each.close();
  } finally {
    await house.close();
  }
});
