import { generateKeyPairSync } from 'node:crypto';
import { newId } from '../../../src/infra/ids';
import {
  CODE_LENGTH,
  isSignedBy,
  parseCode,
  signCode,
  type SigningKey,
} from '../../../src/modules/tickets/code';

const ticket = { eventId: newId(), id: newId(), generation: 3 };
const key = newKey(1);
let code: string;
beforeAll(async () => {
  code = await signCode(key, ticket);
});

function newKey(id: number): SigningKey {
  return { id, ...generateKeyPairSync('ed25519') };
}

async function isGenuine(text: string): Promise<boolean> {
  const parsed = parseCode(text);
  return parsed !== undefined && (await isSignedBy(key, parsed));
}

describe('ticket codes', () => {
  it('carry the ticket, and are the same each time', async () => {
    expect(code).toHaveLength(CODE_LENGTH);
    expect(code).toMatch(/^U2\.[\w-]{132}$/);
    expect(await signCode(key, ticket)).toBe(code);
    expect(parseCode(code)).toMatchObject({ keyId: 1, ticket });
    expect(await isGenuine(code)).toBe(true);
  });

  it('are others after a transfer', async () => {
    const transferred = await signCode(key, { ...ticket, generation: 4 });
    expect(transferred).not.toBe(code);
    expect(parseCode(transferred)?.ticket).toEqual({ ...ticket, generation: 4 });
  });

  it('are not believed from another key', async () => {
    expect(await isGenuine(await signCode(newKey(1), ticket))).toBe(false);
  });

  it('are refused when any byte is changed', async () => {
    const bytes = Buffer.from(code.slice(3), 'base64url');
    expect(bytes).toHaveLength(99);
    for (let at = 0; at < bytes.length; at++) {
      const forged = Buffer.from(bytes);
      forged.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      expect(await isGenuine(`U2.${forged.toString('base64url')}`)).toBe(false);
    }
  });

  it('are refused when any character is changed, also where a lax decoder would read the same', async () => {
    for (let at = 0; at < code.length; at++) {
      for (const other of ['A', 'B', '=', ' ', '+']) {
        if (code[at] === other) continue;
        expect(await isGenuine(code.slice(0, at) + other + code.slice(at + 1))).toBe(false);
      }
    }
  });

  it.each<[string, () => string]>([
    ['nothing', () => ''],
    ['a character less', () => code.slice(0, -1)],
    ['a character more', () => `${code}A`],
    ['blanks around it', () => ` ${code}`],
    ['another form', () => code.replace('U2.', 'U1.')],
    ['emoji of the right length', () => '🎫'.repeat(67) + '!'],
    ['a megabyte', () => 'U2.'.padEnd(1_000_000, 'A')],
  ])('are refused as %s', (_, text) => {
    expect(parseCode(text())).toBeUndefined();
  });
});
