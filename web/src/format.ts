import type { Money } from './operations';

const locale = 'en-GB';

export function formatMoney({ amountMinor, currency }: Money): string {
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  const amount = amountMinor / 10 ** digits;
  // Round prices read better without ".00"; others keep their digits.
  return Number.isInteger(amount)
    ? new Intl.NumberFormat(locale, {
        style: 'currency',
        currency,
        maximumFractionDigits: 0,
      }).format(amount)
    : format.format(amount);
}

export function formatCount(count: number): string {
  return count.toLocaleString(locale);
}

/** "Fri 12 December 2025, 19:30" on the venue's clock, wherever the reader is. */
export function formatStart(startsAt: string, timezone: string): string {
  const start = new Date(startsAt);
  const day = { weekday: 'short', day: 'numeric', month: 'long', year: 'numeric' } as const;
  return `${start.toLocaleDateString(locale, { ...day, timeZone: timezone })}, ${formatTime(startsAt, timezone)}`;
}

function formatTime(startsAt: string, timezone: string): string {
  const clock = { hour: '2-digit', minute: '2-digit' } as const;
  return new Date(startsAt).toLocaleTimeString(locale, { ...clock, timeZone: timezone });
}

/** The parts of a calendar leaf. */
export function calendarLeaf(
  startsAt: string,
  timezone: string,
): { weekday: string; day: string; month: string } {
  const start = new Date(startsAt);
  const part = (options: Intl.DateTimeFormatOptions): string =>
    start.toLocaleDateString(locale, { ...options, timeZone: timezone });
  return {
    weekday: part({ weekday: 'short' }),
    day: part({ day: 'numeric' }),
    month: part({ month: 'short' }),
  };
}

/** "4:07"; never below zero. */
export function formatCountdown(remainingMs: number): string {
  const seconds = Math.max(0, Math.ceil(remainingMs / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
