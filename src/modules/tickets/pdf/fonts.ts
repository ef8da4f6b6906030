/**
 * The fonts of printed tickets. Names come in every script, and no one font has them all: each piece of
 * text is set in the first font of its order that has its characters. All are under the SIL Open Font
 * License, and come as packages, so that nothing is fetched when a ticket is printed.
 */
import { dirname, join } from 'node:path';
import { openSync, type Font } from 'fontkit';

export type Weight = 'regular' | 'bold';
export const FONT_NAMES = [
  'latin',
  'arabic',
  'hebrew',
  'thai',
  'japanese',
  'chinese',
  'korean',
] as const;
export type FontName = (typeof FONT_NAMES)[number];

interface FontFiles {
  /** The entry file of the package; the fonts are looked for from its folder. */
  entry: string;
  regular: string;
  /** Absent: its regular weight has to do. */
  bold?: string;
}

const FILES: Record<FontName, FontFiles> = {
  // Noto Sans: Latin with Vietnamese, Greek, Cyrillic, Devanagari.
  latin: {
    entry: require.resolve('@embedpdf/fonts-latin'),
    regular: '../fonts/NotoSans-Regular.ttf',
    bold: '../fonts/NotoSans-Bold.ttf',
  },
  arabic: {
    entry: require.resolve('@embedpdf/fonts-arabic'),
    regular: '../fonts/NotoNaskhArabic-Regular.ttf',
    bold: '../fonts/NotoNaskhArabic-Bold.ttf',
  },
  hebrew: {
    entry: require.resolve('@embedpdf/fonts-hebrew'),
    regular: '../fonts/NotoSansHebrew-Regular.ttf',
    bold: '../fonts/NotoSansHebrew-Bold.ttf',
  },
  thai: {
    entry: require.resolve('@expo-google-fonts/noto-sans-thai'),
    regular: '400Regular/NotoSansThai_400Regular.ttf',
    bold: '700Bold/NotoSansThai_700Bold.ttf',
  },
  // BIZ UDPGothic has the variants of kanji that Japanese names are written with, such as 﨑.
  japanese: {
    entry: require.resolve('@expo-google-fonts/biz-udpgothic'),
    regular: '400Regular/BIZUDPGothic_400Regular.ttf',
    bold: '700Bold/BIZUDPGothic_700Bold.ttf',
  },
  // Simplified and traditional.
  chinese: {
    entry: require.resolve('@embedpdf/fonts-sc'),
    regular: '../fonts/NotoSansHans-Regular.otf',
    bold: '../fonts/NotoSansHans-Bold.otf',
  },
  korean: {
    entry: require.resolve('@expo-google-fonts/gowun-dodum'),
    regular: '400Regular/GowunDodum_400Regular.ttf',
  },
};

const opened = new Map<string, Font>();

/** Opened once a process: what a font says of itself takes longer to read than a ticket to print. */
export function fontOf(name: FontName, weight: Weight): Font {
  const { entry, regular, bold = regular } = FILES[name];
  const file = join(dirname(entry), weight === 'bold' ? bold : regular);
  let font = opened.get(file);
  if (font === undefined) {
    const found = openSync(file);
    if ('fonts' in found) throw new Error(`${file} is a collection of fonts`);
    font = found;
    opened.set(file, font);
  }
  return font;
}

const KANA_OR_JAPANESE_MARK = /[\p{Script=Hiragana}\p{Script=Katakana}々]/u;

/**
 * In which order fonts are asked for a text. Chinese and Japanese write many of the same characters
 * differently: kana, or a house in Japan, tell which is meant.
 */
export function fontOrder(text: string, timezone: string): readonly FontName[] {
  const japanese = timezone === 'Asia/Tokyo' || KANA_OR_JAPANESE_MARK.test(text);
  return japanese
    ? FONT_NAMES
    : ['latin', 'arabic', 'hebrew', 'thai', 'chinese', 'japanese', 'korean'];
}
