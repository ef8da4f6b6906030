/** Sums of a sales report, and the report as a table. Pure decisions. */

export interface SalesFigures {
  ticketsSold: number;
  ticketsGivenBack: number;
  grossMinor: number;
  refundedMinor: number;
  feesMinor: number;
  netMinor: number;
}

export interface SalesLine extends SalesFigures {
  day: string;
  eventId: string;
  eventTitle: string;
  currency: string;
  categoryKey: string | null;
  categoryName: string | null;
  ticketTypeKey: string | null;
  ticketTypeName: string | null;
}

/** One sum a currency, in alphabetical order: amounts of two currencies are never added up. */
export function totalsOf(lines: readonly SalesLine[]): (SalesFigures & { currency: string })[] {
  const totals = new Map<string, SalesFigures & { currency: string }>();
  for (const { currency, ...line } of lines) {
    const sum = totals.get(currency);
    totals.set(currency, {
      currency,
      ticketsSold: (sum?.ticketsSold ?? 0) + line.ticketsSold,
      ticketsGivenBack: (sum?.ticketsGivenBack ?? 0) + line.ticketsGivenBack,
      grossMinor: (sum?.grossMinor ?? 0) + line.grossMinor,
      refundedMinor: (sum?.refundedMinor ?? 0) + line.refundedMinor,
      feesMinor: (sum?.feesMinor ?? 0) + line.feesMinor,
      netMinor: (sum?.netMinor ?? 0) + line.netMinor,
    });
  }
  return [...totals.values()].sort((a, b) => (a.currency < b.currency ? -1 : 1));
}

const COLUMNS = [
  'day',
  'event_id',
  'event',
  'category_key',
  'category',
  'ticket_type_key',
  'ticket_type',
  'currency',
  'tickets_sold',
  'tickets_given_back',
  'gross',
  'refunded',
  'fees',
  'net',
];

/** RFC 4180, with a header. Amounts are decimal numbers in the currency's main unit: 42.50. */
export function salesCsv(lines: readonly SalesLine[]): string {
  const rows = lines.map((line) => {
    const amount = (minor: number): string => decimalOf(minor, line.currency);
    return [
      line.day,
      line.eventId,
      textCell(line.eventTitle),
      textCell(line.categoryKey ?? ''),
      textCell(line.categoryName ?? ''),
      textCell(line.ticketTypeKey ?? ''),
      textCell(line.ticketTypeName ?? ''),
      line.currency,
      String(line.ticketsSold),
      String(line.ticketsGivenBack),
      amount(line.grossMinor),
      amount(line.refundedMinor),
      amount(line.feesMinor),
      amount(line.netMinor),
    ].join(',');
  });
  return [COLUMNS.join(','), ...rows].map((row) => `${row}\r\n`).join('');
}

/**
 * What somebody typed may begin like a formula, which a spreadsheet would run: an apostrophe in front
 * makes it text. Quotes are doubled, and what has a comma, a quote or a line break stands in quotes.
 */
export function textCell(text: string): string {
  const safe = /^\s*[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** 4250 EUR is 42.50, and 4250 JPY is 4250. */
export function decimalOf(minor: number, currency: string): string {
  const digits =
    new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions()
      .maximumFractionDigits ?? 2;
  const text = String(Math.abs(minor)).padStart(digits + 1, '0');
  const point = text.length - digits;
  const sign = minor < 0 ? '-' : '';
  return digits === 0 ? sign + text : `${sign}${text.slice(0, point)}.${text.slice(point)}`;
}
