export const SLUG_LENGTH_MIN = 2;
export const SLUG_LENGTH_MAX = 60;
export const SLUG_PATTERN = /^[a-z0-9]+(-[a-z0-9]+)*$/;
/** Left free at the end of a derived slug for `-2`, `-3` and so on. */
const SUFFIX_LENGTH_MAX = 8;

/** Letters that Unicode does not decompose into a plain one and a mark. */
const PLAIN: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  þ: 'th',
  ı: 'i',
};

export function isSlug(text: string): boolean {
  return (
    text.length >= SLUG_LENGTH_MIN && text.length <= SLUG_LENGTH_MAX && SLUG_PATTERN.test(text)
  );
}

/** The slug a name gives: "Théâtre de l'Œuvre" → "theatre-de-l-oeuvre"; `fallback` where it gives none. */
export function slugFrom(name: string, fallback: string): string {
  const slug = name
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x20-\x7e]/gu, (letter) => PLAIN[letter] ?? ' ')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, SLUG_LENGTH_MAX - SUFFIX_LENGTH_MAX)
    .replace(/^-|-$/g, '');
  return slug.length >= SLUG_LENGTH_MIN ? slug : fallback;
}

/** `base`, or the first of `base`-2, `base`-3 … that is not taken. */
export function firstFreeSlug(base: string, taken: ReadonlySet<string>): string {
  let slug = base;
  for (let n = 2; taken.has(slug); n++) slug = `${base}-${n}`;
  return slug;
}
