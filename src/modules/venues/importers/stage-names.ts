/** What stages are called on the plans we know; often a plan's only hint at where its audience looks. */
const STAGE = /\b(?:stage|buehne|scene|escenario|palco|podium|toneel)\b|bühne|scène/i;

export function isStageName(text: string): boolean {
  return STAGE.test(text);
}
