import { assert, bigInt, property, string } from 'fast-check';
import { formatCursor, parseCursor } from '../../src/live/cursor';

const EPOCH = '0123456789ab';

describe('a cursor', () => {
  it('reads back what was written, up to the last transaction there can be', () => {
    assert(
      property(bigInt({ min: 0n, max: 2n ** 64n - 1n }), (horizon) => {
        expect(parseCursor(formatCursor(EPOCH, horizon))).toEqual({ epoch: EPOCH, horizon });
      }),
    );
  });

  it.each([
    '',
    'x',
    EPOCH,
    `${EPOCH}.`,
    `.${EPOCH}`,
    `${EPOCH}.A`,
    `${EPOCH}.-1`,
    `${EPOCH}.1.1`,
    `${EPOCH} .1`,
    `${EPOCH}.1\n`,
    'g123456789ab.1',
    `${EPOCH}.zzzzzzzzzzzzz`,
    `${EPOCH}.${(2n ** 64n).toString(36)}`,
    `${EPOCH}.${'1'.repeat(100_000)}`,
  ])('is none of ours: %p', (text) => {
    expect(parseCursor(text)).toBeUndefined();
  });

  it('throws for no text whatever', () => {
    assert(property(string({ unit: 'binary' }), (text) => void parseCursor(text)));
  });
});
