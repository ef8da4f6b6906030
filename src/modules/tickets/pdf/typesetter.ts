/** Sets text of any script on a page of pdfkit's. */
import type { Font } from 'fontkit';
import { fontOf, fontOrder, type FontName, type Weight } from './fonts';
import { directionOf, printable, visualRuns, type Direction, type HasCharacter } from './text-runs';

export interface TextStyle {
  size: number;
  weight: Weight;
  color: string;
}

/** What a line may be broken at: blanks, and between characters of scripts that have none. */
const WORDS =
  /\s+|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+/gu;
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const ELLIPSIS = '…';

export class Typesetter {
  constructor(
    private readonly page: PDFKit.PDFDocument,
    private readonly timezone: string,
  ) {}

  /** Writes one line with its baseline at `y`; answers where it ends. */
  line(
    text: string,
    x: number,
    y: number,
    style: TextStyle,
    direction: Direction = directionOf(text),
  ): number {
    let at = x;
    this.page.fillColor(style.color).fontSize(style.size);
    for (const run of this.runs(text, direction, style.weight)) {
      this.use(run.font, style.weight);
      // With a list of features, be it empty, pdfkit hands the run to the font as a whole; without, it
      // would lay out each word by itself, in an order that is wrong from right to left.
      const options = { lineBreak: false, features: [], baseline: 'alphabetic' as const };
      this.page.text(run.text, at, y, options);
      at += this.page.widthOfString(run.text, options);
    }
    return at;
  }

  /** Writes up to `linesMax` lines of at most `width`, the first one's baseline at `y`; answers the last one's. */
  block(
    written: string,
    at: { x: number; y: number; width: number; linesMax: number },
    style: TextStyle,
  ): number {
    const text = printable(
      written,
      fontOrder(written, this.timezone),
      hasCharacterIn(style.weight),
    );
    const lines = this.broken(text, at.width, at.linesMax, style);
    const direction = directionOf(text);
    lines.forEach((line, i) =>
      this.line(line, at.x, at.y + i * lineHeight(style), style, direction),
    );
    return at.y + (lines.length - 1) * lineHeight(style);
  }

  private width(text: string, { size, weight }: TextStyle): number {
    this.page.fontSize(size);
    return this.runs(text, 'ltr', weight).reduce((width, run) => {
      this.use(run.font, weight);
      return width + this.page.widthOfString(run.text, { features: [] });
    }, 0);
  }

  private runs(text: string, direction: Direction, weight: Weight) {
    return visualRuns(text, direction, fontOrder(text, this.timezone), hasCharacterIn(weight));
  }

  private use(name: FontName, weight: Weight): void {
    // pdfkit takes an opened font as well as a file of one, though its types do not say so.
    const font: Font = fontOf(name, weight);
    this.page.font(font as unknown as PDFKit.Mixins.PDFFontSource, `${name}-${weight}`);
  }

  private broken(text: string, width: number, linesMax: number, style: TextStyle): string[] {
    const lines: string[] = [];
    let line = '';
    const words = [...text.matchAll(WORDS)].flatMap(([word]) =>
      this.width(word, style) > width ? lettersOf(word) : [word],
    );
    for (const word of words) {
      if (line !== '' && this.width(`${line}${word}`.trimEnd(), style) > width) {
        lines.push(line.trimEnd());
        line = word.trimStart();
      } else {
        line += word;
      }
      if (lines.length === linesMax) return this.cut(lines, width, style);
    }
    return line === '' ? lines : [...lines, line];
  }

  /** There was more: the last line ends in dots. */
  private cut(lines: string[], width: number, style: TextStyle): string[] {
    const letters = lettersOf(lines.pop() ?? '');
    while (letters.length > 0 && this.width(letters.join('') + ELLIPSIS, style) > width) {
      letters.pop();
    }
    return [...lines, letters.join('') + ELLIPSIS];
  }
}

function hasCharacterIn(weight: Weight): HasCharacter {
  return (name, codePoint) => fontOf(name, weight).hasGlyphForCodePoint(codePoint);
}

export function lineHeight({ size }: TextStyle): number {
  return size * 1.3;
}

function lettersOf(text: string): string[] {
  return [...graphemes.segment(text)].map(({ segment }) => segment);
}
