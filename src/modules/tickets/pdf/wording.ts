/** How a ticket words dates and sums: in English, by the clocks of the venue. */
export function wordDate(at: Date, timezone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  }).format(at);
}

export function wordTime(at: Date, timezone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    hour: '2-digit',
    minute: '2-digit',
  }).format(at);
}

/** With the currency's code, which is no font's problem. */
export function wordPrice(minor: number, currency: string): string {
  const format = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
    currencyDisplay: 'code',
  });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  // The space that Intl puts behind a code does not break; some viewers show it as a box.
  return minor === 0 ? 'Free' : format.format(minor / 10 ** digits).replace(/\s/g, ' ');
}
