import fc from 'fast-check';
import { normalizeEmail, passwordProblem } from '../../../src/modules/auth/account.rules';

describe('passwordProblem', () => {
  test.each([
    ['seven characters', 'abcdef1', 'must have at least 8 characters'],
    ['no digit', 'abcdefgh', 'must contain a digit'],
    ['no letter', '12345678', 'must contain a letter'],
    ['only signs', '!!!!!!!!', 'must contain a letter'],
    ['129 characters', `a1${'x'.repeat(127)}`, 'must have at most 128 characters'],
    ['a megabyte', 'a1'.repeat(500_000), 'must have at most 128 characters'],
    ['half a surrogate pair', 'abcdefg1\ud83d', 'must be well-formed text'],
    [
      'seven characters of two UTF-16 units each',
      `a1${'😀'.repeat(5)}`,
      'must have at least 8 characters',
    ],
  ])('refuses %s', (_, password, problem) => {
    expect(passwordProblem(password)).toBe(problem);
  });

  test.each([
    ['eight characters', 'abcdefg1'],
    ['letters and digits of other scripts', 'пароль١٢'],
    ['128 characters', `a1${'x'.repeat(126)}`],
    ['128 characters of two UTF-16 units', `a1${'😀'.repeat(126)}`],
    ['blanks inside', 'a b c d 1'],
  ])('takes %s', (_, password) => {
    expect(passwordProblem(password)).toBeUndefined();
  });

  test('whatever it takes has 8 to 128 characters, a letter and a digit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 140 }), (password) => {
        if (passwordProblem(password) !== undefined) return;
        const characters = Array.from(password);
        expect(characters.length).toBeGreaterThanOrEqual(8);
        expect(characters.length).toBeLessThanOrEqual(128);
        expect(characters.some((character) => /\p{L}/u.test(character))).toBe(true);
        expect(characters.some((character) => /\p{Nd}/u.test(character))).toBe(true);
      }),
    );
  });
});

test('an address has one spelling', () => {
  expect(normalizeEmail('  Ann.Lee@Example.ORG ')).toBe('ann.lee@example.org');
});
