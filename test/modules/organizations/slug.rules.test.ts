import fc from 'fast-check';
import { firstFreeSlug, isSlug, slugFrom } from '../../../src/modules/organizations/slug.rules';

test.each([
  ['Théâtre de l’Œuvre', 'theatre-de-l-oeuvre'],
  ['Große Bühne, Straße 7', 'grosse-buhne-strasse-7'],
  ['  --Łódź / Ærø--  ', 'lodz-aero'],
  ['İstanbul', 'istanbul'],
  ['東京ドーム', 'organization'],
  ['!', 'organization'],
  ['x', 'organization'],
])('%s becomes %s', (name, slug) => {
  expect(slugFrom(name, 'organization')).toBe(slug);
});

test('every name gives a slug that has room for a number', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 120 }), fc.nat(9_999_999), (name, n) => {
      const slug = slugFrom(name, 'organization');
      expect(isSlug(slug)).toBe(true);
      expect(isSlug(`${slug}-${n}`)).toBe(true);
    }),
  );
});

test.each(['a', '', 'A-b', 'a--b', '-ab', 'ab-', 'a b', 'ä1', 'ab\n', 'x'.repeat(61)])(
  '%p is no slug',
  (text) => {
    expect(isSlug(text)).toBe(false);
  },
);

test('the first free number is taken', () => {
  expect(firstFreeSlug('opera', new Set())).toBe('opera');
  expect(firstFreeSlug('opera', new Set(['opera', 'opera-house', 'opera-3']))).toBe('opera-2');
  expect(firstFreeSlug('opera', new Set(['opera', 'opera-2', 'opera-3']))).toBe('opera-4');
});
