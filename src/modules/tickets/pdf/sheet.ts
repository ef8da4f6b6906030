/** Everything that a printed ticket says: plain data, as it crosses to the thread that prints. */
export interface TicketSheet {
  code: string;
  organizer: string;
  title: string;
  /** Dates are written as the clocks of the venue show them. */
  timezone: string;
  startsAt: Date;
  doorsAt: Date | null;
  venue: string;
  /** City and country, where they are known. */
  place: string;
  /** Name of the section or area. */
  section: string;
  row: string | null;
  /** Null in an area without numbers. */
  seat: string | null;
  category: string;
  ticketType: string;
  holderName: string;
  priceMinor: number;
  currency: string;
  reference: string;
  issuedAt: Date;
}
