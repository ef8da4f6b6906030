import {
  fontOf,
  fontOrder,
  FONT_NAMES,
  type FontName,
} from '../../../src/modules/tickets/pdf/fonts';
import { directionOf, printable, visualRuns } from '../../../src/modules/tickets/pdf/text-runs';
import { wordDate, wordPrice, wordTime } from '../../../src/modules/tickets/pdf/wording';

const has = (font: FontName, codePoint: number): boolean =>
  fontOf(font, 'regular').hasGlyphForCodePoint(codePoint);
const runs = (text: string, timezone = 'Europe/Berlin'): [string, string][] =>
  visualRuns(text, directionOf(text), fontOrder(text, timezone), has).map(
    ({ font, text: part }) => [font, part],
  );

describe('text on paper', () => {
  it.each<[string, FontName]>([
    ['Ångström Nguyễn Thị Ánh Łódź', 'latin'],
    ['Ωμέγα Достоевский', 'latin'],
    ['हिन्दी', 'latin'],
    ['محمد', 'arabic'],
    ['שלום', 'hebrew'],
    ['ก้ำน้ำ', 'thai'],
    ['さくらサクラ', 'japanese'],
    ['东方龍騰', 'chinese'],
    ['김철수', 'korean'],
  ])('of %s is one run of %s', (text, font) => {
    expect(runs(text)).toEqual([[font, text]]);
  });

  it('changes the font where a character needs it, and not for blanks', () => {
    expect(runs('Kim 김 철수, 王')).toEqual([
      ['latin', 'Kim '],
      ['korean', '김 철수'],
      ['latin', ', '],
      ['chinese', '王'],
    ]);
  });

  it('takes Japanese forms where kana or a house in Japan say so', () => {
    expect(runs('骨')).toEqual([['chinese', '骨']]);
    expect(runs('骨', 'Asia/Tokyo')).toEqual([['japanese', '骨']]);
    expect(runs('骨の')).toEqual([['japanese', '骨の']]);
  });

  it('puts what is written from right to left in its place, numbers and brackets too', () => {
    expect(runs('Ali (علي) 12')).toEqual([
      ['latin', 'Ali ('],
      ['arabic', 'علي'],
      ['latin', ') '],
      ['latin', '12'],
    ]);
    // The first letter decides for the paragraph: this one runs from the right.
    expect(runs('علي (Ali) 12').map(([, text]) => text)).toEqual(['12', ' (', 'Ali', ')', 'علي ']);
  });

  it('keeps the direction of the paragraph in a line of its own', () => {
    expect(directionOf('קונצרט (2035)!')).toBe('rtl');
    const line = visualRuns('(2035)!', 'rtl', fontOrder('', 'UTC'), has);
    expect(line.map(({ text }) => text).join('')).toBe('!(2035)');
  });

  it('leaves out no character that no font has, and shows control characters as blanks', () => {
    expect(
      runs('a😀b\u0000c')
        .map(([, text]) => text)
        .join(''),
    ).toBe('a😀b c');
  });

  it.each([
    ['🎸 Rock night 🎉 with 👩‍👩‍👧‍👦 family & 🇩🇪 flags ❤️', 'Rock night with family & flags'],
    ['Zoë 👋🏽 Müller', 'Zoë Müller'],
    ['Tickets™ © 2027 #1', 'Tickets™ © 2027 #1'],
    // With nothing left of it, it stays as it is.
    ['🎸🎉', '🎸🎉'],
    ['\u202eevil\u202c', 'evil'],
    ['Nguyễn', 'Nguyễn'],
  ])('shows of %j what paper can show', (text, shown) => {
    expect(printable(text, fontOrder(text, 'UTC'), has)).toBe(shown);
  });

  it('draws no marks over the lines above and below', () => {
    const marks = 'Z' + '\u0300'.repeat(50);
    const shown = printable(marks, fontOrder(marks, 'UTC'), has);
    expect([...shown.normalize('NFD')]).toHaveLength(5);
  });

  it('has all fonts in both orders', () => {
    expect([...fontOrder('', 'UTC')].sort()).toEqual([...FONT_NAMES].sort());
  });
});

describe('dates and sums on paper', () => {
  it('are those of the clocks at the venue', () => {
    const at = new Date('2035-06-21T22:30:00Z');
    expect(wordDate(at, 'Asia/Tokyo')).toMatch(/^Friday,? 22 June 2035$/);
    expect(wordTime(at, 'Asia/Tokyo')).toBe('07:30');
    expect(wordTime(at, 'America/New_York')).toBe('18:30');
  });

  it('know how many digits a currency has', () => {
    expect(wordPrice(4250, 'EUR')).toBe('EUR 42.50');
    expect(wordPrice(12_000, 'JPY')).toBe('JPY 12,000');
    expect(wordPrice(1_234, 'KWD')).toBe('KWD 1.234');
    expect(wordPrice(0, 'EUR')).toBe('Free');
  });
});
