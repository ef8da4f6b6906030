import { readConfig } from '../../src/config';
import { RateLimits } from '../../src/infra/rate-limits';

const limitsOf = (environment: Record<string, string>): RateLimits =>
  new RateLimits(readConfig(environment), undefined);

/** How many of `tries` are let through. */
async function letThrough(limits: RateLimits, key: string, tries: number): Promise<number> {
  const tried = await Promise.allSettled(
    Array.from({ length: tries }, () => limits.spend('guestByAddress', key)),
  );
  return tried.filter(({ status }) => status === 'fulfilled').length;
}

it('an address has what the environment says, without it what it always had', async () => {
  expect(await letThrough(limitsOf({}), '203.0.113.9', 700)).toBe(600);
  expect(await letThrough(limitsOf({ GUESTS_PER_ADDRESS: '650' }), '203.0.113.9', 700)).toBe(650);
  expect(await letThrough(limitsOf({ GUESTS_PER_ADDRESS: '0' }), '203.0.113.9', 700)).toBe(700);
});

it.each([
  ['loginByAddress', 'LOGINS_PER_ADDRESS'],
  ['registerByAddress', 'REGISTRATIONS_PER_ADDRESS'],
  ['guestByAddress', 'GUESTS_PER_ADDRESS'],
  ['refreshByAddress', 'REFRESHES_PER_ADDRESS'],
  ['guestHoldByAddress', 'GUEST_HOLDS_PER_ADDRESS'],
  ['searchByAddress', 'SEARCHES_PER_ADDRESS'],
  ['guestExpiryByAddress', 'GUEST_EXPIRIES_PER_ADDRESS'],
] as const)('%s goes by %s', async (name, variable) => {
  const limits = limitsOf({ [variable]: '1' });
  await limits.spend(name, '203.0.113.9');
  await expect(limits.requireLeft(name, '203.0.113.9')).rejects.toMatchObject({
    code: 'RATE_LIMITED',
  });
  await expect(limits.requireLeft(name, '203.0.113.8')).resolves.toBeUndefined();
});

it.each(['-1', '1.5', 'many'])('no address can have %s of anything', (value) => {
  expect(() => readConfig({ GUEST_EXPIRIES_PER_ADDRESS: value })).toThrow(
    /GUEST_EXPIRIES_PER_ADDRESS must be a whole number/,
  );
});

it('the addresses of one network share, also what is asked of and forgiven', async () => {
  const limits = limitsOf({ GUESTS_PER_ADDRESS: '10' });
  expect(await letThrough(limits, '2001:db8::1', 6)).toBe(6);
  expect(await letThrough(limits, '2001:db8::2', 6)).toBe(4);
  await expect(limits.requireLeft('guestByAddress', '2001:db8::3')).rejects.toMatchObject({
    code: 'RATE_LIMITED',
  });
  expect(await letThrough(limits, '2001:db8:0:1::1', 6)).toBe(6);
  await limits.forgive('guestByAddress', '2001:db8::4');
  expect(await letThrough(limits, '2001:db8::5', 6)).toBe(6);
});

it('accounts are not taken for addresses', async () => {
  const limits = limitsOf({});
  const over = Array.from({ length: 30 }, () => limits.spend('loginByEmail', '2001:db8::1'));
  await Promise.all(over);
  await limits.spend('loginByEmail', '2001:db8::2');
});
