/**
 * Text as it stands on paper: cut into runs of one font and one direction, in order from left to right
 * (Unicode Bidirectional Algorithm, rule L2). Within a run the font itself shapes and orders letters.
 */
import bidiFactory from 'bidi-js';
import type { FontName } from './fonts';

const bidi = bidiFactory();

export interface TextRun {
  text: string;
  font: FontName;
}

/** Whether a font has a character. */
export type HasCharacter = (font: FontName, codePoint: number) => boolean;

/** Characters that join what is before them, or have no look of their own: they never change the font. */
const JOINS = /^[\p{M}\p{Cf}\p{Zs}]$/u;
const STRONG_RTL = /[\p{Script=Arabic}\p{Script=Hebrew}]/u;

interface LogicalRun extends TextRun {
  level: number;
}

export type Direction = 'ltr' | 'rtl';

/** Of a paragraph: its first letter that has one tells. */
export function directionOf(text: string): Direction {
  const [paragraph] = bidi.getEmbeddingLevels(text).paragraphs;
  return (paragraph?.level ?? 0) % 2 === 1 ? 'rtl' : 'ltr';
}

/** `direction` is that of the paragraph that the text is a line of. */
export function visualRuns(
  text: string,
  direction: Direction,
  order: readonly FontName[],
  hasCharacter: HasCharacter,
): TextRun[] {
  const clean = text.normalize('NFC').replace(/\p{Cc}+/gu, ' ');
  const levels = bidi.getEmbeddingLevels(clean, direction);
  const mirrored = bidi.getMirroredCharactersMap(clean, levels.levels);
  const runs: LogicalRun[] = [];
  let at = 0;
  for (const character of clean) {
    const level = levels.levels[at] ?? 0;
    const shown = mirrored.get(at) ?? character;
    const last = runs.at(-1);
    const font = fontFor(shown, last?.font, order, hasCharacter);
    if (last !== undefined && last.level === level && last.font === font) last.text += shown;
    else runs.push({ text: shown, font, level });
    at += character.length;
  }
  return reorder(runs).map(({ text: letters, font, level }) => ({
    font,
    // Fonts turn round what is written from right to left; punctuation between it is left to us.
    text: level % 2 === 1 && !STRONG_RTL.test(letters) ? [...letters].reverse().join('') : letters,
  }));
}

/** Marks on one letter; with more of them a line is drawn over those above and below. */
const STACKED_MARKS = /(\p{M}{4})\p{M}+/gu;
/** They turn round what is written; who has them in a name has put them there to deceive. */
const OVERRIDES = /[\u202a-\u202e\u2066-\u2069]/gu;
/** With the space before them: one between words is left. */
const PICTURES =
  / ?(?:\p{Extended_Pictographic}|\p{Regional_Indicator}|\p{Emoji_Modifier})[\ufe0e\ufe0f\u200d]*/gu;

/**
 * What paper can show of a text, before it is cut into lines: pictures that no font has are left out, where words
 * are left, rather than shown as boxes.
 */
export function printable(
  text: string,
  order: readonly FontName[],
  hasCharacter: HasCharacter,
): string {
  const clean = text
    .normalize('NFC')
    .replace(/\p{Cc}+/gu, ' ')
    .replace(OVERRIDES, '')
    .replace(STACKED_MARKS, '$1');
  const words = clean.replace(PICTURES, (picture) => {
    const codePoint = picture.trimStart().codePointAt(0) ?? 0;
    return order.some((font) => hasCharacter(font, codePoint)) ? picture : '';
  });
  return words.trim() === '' ? clean : words.trim();
}

function fontFor(
  character: string,
  current: FontName | undefined,
  order: readonly FontName[],
  hasCharacter: HasCharacter,
): FontName {
  const codePoint = character.codePointAt(0) ?? 0;
  if (current !== undefined && JOINS.test(character) && hasCharacter(current, codePoint)) {
    return current;
  }
  // What no font has is shown as an empty box rather than left out.
  return order.find((font) => hasCharacter(font, codePoint)) ?? current ?? 'latin';
}

/** From the highest level down to the lowest odd one, whatever is at that level or above is reversed. */
function reorder(runs: LogicalRun[]): LogicalRun[] {
  const ordered = [...runs];
  const highest = Math.max(0, ...runs.map(({ level }) => level));
  for (let level = highest; level >= 1; level--) {
    for (let from = 0; from < ordered.length; from++) {
      let to = from;
      while (to < ordered.length && (ordered[to]?.level ?? 0) >= level) to++;
      if (to > from + 1) ordered.splice(from, to - from, ...ordered.slice(from, to).reverse());
      from = Math.max(from, to - 1);
    }
  }
  return ordered;
}
