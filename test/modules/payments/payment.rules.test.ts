import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MOCK_CARDS } from '../../../src/modules/payments/mock/tokens';
import { declineSentence } from '../../../src/modules/payments/payment.rules';

describe('what a buyer reads of a decline', () => {
  it.each([
    ['insufficient_funds', 'not enough money'],
    ['authentication_failed', 'not confirmed with your bank'],
    ['provider_unavailable', 'out of order'],
    ['voided', 'given up'],
    ['a_code_of_tomorrow', 'was declined'],
  ])('%s: %s', (code, words) => {
    expect(declineSentence(code)).toContain(words);
  });

  it('says that nothing was charged, whatever the code', () => {
    for (const code of [
      'card_declined',
      'voided',
      'provider_unavailable',
      'never_heard_of',
      '__proto__',
    ]) {
      expect(declineSentence(code)).toContain('Nothing was charged');
    }
  });
});

describe('docs/payments.md', () => {
  it('lists the tokens of MOCK, and no others', () => {
    const text = readFileSync(join(__dirname, '../../../docs/payments.md'), 'utf8');
    const rows = text.split('\n').filter((line) => line.startsWith('| `tok_'));
    const listed = rows.flatMap((row) => row.split('|')[1]?.match(/tok_\w+/g) ?? []);
    expect(listed.sort()).toEqual([...MOCK_CARDS.keys()].sort());
  });
});
