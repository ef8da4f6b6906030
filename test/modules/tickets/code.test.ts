import { generateKeyPairSync } from 'node:crypto';
import { newId } from '../../../src/infra/ids';
import {
  CODE_LENGTH,
  isSignedBy,
  parseCode,
  signCode,
  type SigningKey,
} from '../../../src/modules/tickets/code';

const ticket = { eventId: newId(), id: newId() };
const key = newKey(1);
const code = signCode(key, ticket);

function newKey(id: number): SigningKey {
  return { id, ...generateKeyPairSync('ed25519') };
}

function isGenuine(text: string): boolean {
  const parsed = parseCode(text);
  return parsed !== undefined && isSignedBy(key, parsed);
}

describe('ticket codes', () => {
  it('carry the ticket, and are the same each time', () => {
    expect(code).toHaveLength(CODE_LENGTH);
    expect(code).toMatch(/^U1\.[\w-]{130}$/);
    expect(signCode(key, ticket)).toBe(code);
    expect(parseCode(code)).toMatchObject({ keyId: 1, ticket });
    expect(isGenuine(code)).toBe(true);
  });

  it('are not believed from another key', () => {
    expect(isGenuine(signCode(newKey(1), ticket))).toBe(false);
  });

  it('are refused when any byte is changed', () => {
    const bytes = Buffer.from(code.slice(3), 'base64url');
    expect(bytes).toHaveLength(97);
    for (let at = 0; at < bytes.length; at++) {
      const forged = Buffer.from(bytes);
      forged.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      expect(isGenuine(`U1.${forged.toString('base64url')}`)).toBe(false);
    }
  });

  it('are refused when any character is changed, also where a lax decoder would read the same', () => {
    for (let at = 0; at < code.length; at++) {
      for (const other of ['A', 'B', '=', ' ', '+']) {
        if (code[at] === other) continue;
        expect(isGenuine(code.slice(0, at) + other + code.slice(at + 1))).toBe(false);
      }
    }
  });

  it.each([
    ['nothing', ''],
    ['a character less', code.slice(0, -1)],
    ['a character more', `${code}A`],
    ['blanks around it', ` ${code}`],
    ['another form', code.replace('U1.', 'U2.')],
    ['emoji of the right length', '🎫'.repeat(66) + '!'],
    ['a megabyte', 'U1.'.padEnd(1_000_000, 'A')],
  ])('are refused as %s', (_, text) => {
    expect(parseCode(text)).toBeUndefined();
  });
});
