/**
 * A CSS colour as documents write it, or null. Only the plain notations: the text ends up in pages, and
 * nothing but a colour may get there.
 */
export function cssColor(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (/^#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(text)) return text;
  if (/^[a-z]{3,24}$/i.test(text)) return text.toLowerCase();
  return /^(?:rgb|hsl)a?\([0-9.,%/\sdeg]{1,40}\)$/i.test(text) ? text : null;
}
