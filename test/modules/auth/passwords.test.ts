import { verify } from '@node-rs/argon2';
import { DECOY_HASH, hashPassword, passwordFits } from '../../../src/modules/auth/passwords';

jest.mock('@node-rs/argon2', () => {
  const actual = jest.requireActual<typeof import('@node-rs/argon2')>('@node-rs/argon2');
  return { ...actual, verify: jest.fn(actual.verify) };
});

const parameters = (hash: string): string => hash.split('$').slice(0, 4).join('$');

test('hashes are argon2id with 19 MiB, two passes, one lane, each with its own salt', async () => {
  const [first, second] = await Promise.all([
    hashPassword('Password123'),
    hashPassword('Password123'),
  ]);
  expect(parameters(first)).toBe('$argon2id$v=19$m=19456,t=2,p=1');
  expect(first).not.toBe(second);
});

test('the decoy costs what a real hash costs', async () => {
  expect(parameters(DECOY_HASH)).toBe(parameters(await hashPassword('Password123')));
});

test('a password fits its hash and no other does', async () => {
  const hash = await hashPassword('Password123');
  await expect(passwordFits('Password123', hash)).resolves.toBe(true);
  await expect(passwordFits('Password124', hash)).resolves.toBe(false);
});

test('nothing fits where there is no account, after the same work', async () => {
  jest.mocked(verify).mockClear();
  await expect(passwordFits('Password123', undefined)).resolves.toBe(false);
  expect(jest.mocked(verify).mock.calls).toEqual([[DECOY_HASH, 'Password123']]);
});

test('composed and decomposed letters are the same password', async () => {
  const hash = await hashPassword('caf\u00e9 2027');
  await expect(passwordFits('cafe\u0301 2027', hash)).resolves.toBe(true);
});

test('a password is hashed beside the event loop, which alone can tell that it is done', async () => {
  let done = false;
  const hashing = hashPassword('Password123').then(() => (done = true));
  // Were it hashed within the call, these would do.
  for (let i = 0; i < 100; i++) await Promise.resolve();
  expect(done).toBe(false);
  await hashing;
});
