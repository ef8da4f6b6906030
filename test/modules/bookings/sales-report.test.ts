import fc from 'fast-check';
import { requireEventScoped } from '../../../src/infra/ids';
import { followRefunds } from '../../../src/modules/bookings/follow-refunds';
import { workOnCancellation } from '../../../src/modules/bookings/cancel-event';
import { retryRefunds } from '../../../src/modules/bookings/refund.jobs';
import {
  decimalOf,
  salesCsv,
  textCell,
  totalsOf,
} from '../../../src/modules/bookings/sales-report.rules';
import { Payment } from '../../../src/modules/payments/payment.entity';
import {
  expectSoundBooks,
  firstError,
  openBoxOffice,
  PRICE_MINOR,
  type BoxOffice,
} from '../../support/box-office';
import type { GivenUser } from '../../support/given';
import type { House } from '../../support/house';
import { buy, cancel } from '../../support/refunds';
import { atBoxOffice } from '../../support/settings';

let house: House;
let office: BoxOffice;
let buyer: GivenUser;
atBoxOffice((given) => ({ house, office, buyer } = given), { refundFeeMinor: 500 });
afterEach(() => expectSoundBooks(house, office));

const REPORT = `query ($eventId: ID, $organizationId: ID, $from: DateTime, $to: DateTime) {
  salesReport(eventId: $eventId, organizationId: $organizationId, from: $from, to: $to) {
    rows { day eventTitle categoryKey categoryName ticketTypeKey ticketTypeName currency
      ticketsSold ticketsGivenBack grossMinor refundedMinor feesMinor netMinor }
    totals { currency ticketsSold ticketsGivenBack grossMinor refundedMinor feesMinor netMinor }
    csv
  }
}`;

interface Figures {
  currency: string;
  ticketsSold: number;
  ticketsGivenBack: number;
  grossMinor: number;
  refundedMinor: number;
  feesMinor: number;
  netMinor: number;
}
interface Report {
  rows: (Figures & { day: string; categoryKey: string | null; ticketTypeKey: string | null })[];
  totals: Figures[];
  csv: string;
}

async function report(variables: object = { eventId: office.eventId }): Promise<Report> {
  const { data } = await house.gql<{ salesReport: Report }>(
    REPORT,
    { ...variables },
    {
      token: office.ownerToken,
    },
  );
  return data.salesReport;
}

function getCsv(query: string, token?: string): Promise<Response> {
  return fetch(`${house.url}/reports/sales.csv?${query}`, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
}

async function payment(bookingId: string): Promise<Payment> {
  const { eventId, id } = requireEventScoped('Booking', bookingId);
  return house.app.db.orm.getRepository(Payment).findOneByOrFail({ eventId, bookingId: id });
}

/** Somebody gives money back at the provider's own site, and a webhook tells. */
async function refundAtProvider(bookingId: string, amountMinor: number): Promise<void> {
  const paid = await payment(bookingId);
  const signal = AbortSignal.timeout(10_000);
  const { publicId: key, providerReference } = paid;
  const charge = { key, amountMinor: paid.amountMinor, currency: 'EUR', description: '' };
  const chargeReference = providerReference ?? '';
  const provider = house.app.payments.MOCK;
  await provider?.refund({ key: `site ${key}`, charge, chargeReference, amountMinor }, signal);
  const state = await provider?.findCharge(charge, signal);
  if (state?.kind !== 'succeeded') throw new Error('the charge has not succeeded');
  await followRefunds(house.app, { eventId: paid.eventId, id: paid.id }, state);
}

describe('a sales report', () => {
  it('tells what was sold, given back and kept, by day, category and ticket type', async () => {
    const { id, ticketIds } = await buy(house, office, buyer.token, [0, 1, 2, 8]);
    await cancel(house, buyer.token, id, { ticketIds: [ticketIds[0]!, ticketIds[3]!] });
    const { rows, totals } = await report();
    const day = new Intl.DateTimeFormat('sv', { timeZone: 'Europe/Berlin' }).format(
      house.clock.now(),
    );
    const about = { day, eventTitle: 'An evening', currency: 'EUR', ticketTypeKey: 'standard' };
    expect(rows).toEqual([
      {
        ...about,
        categoryKey: 'stalls',
        categoryName: 'Stalls',
        ticketTypeName: 'Standard',
        ticketsSold: 3,
        ticketsGivenBack: 1,
        grossMinor: 3 * PRICE_MINOR,
        refundedMinor: PRICE_MINOR - 500,
        feesMinor: 500,
        netMinor: 2 * PRICE_MINOR + 500,
      },
      {
        ...about,
        categoryKey: 'gods',
        categoryName: 'Gods',
        ticketTypeName: 'Standard',
        ticketsSold: 1,
        ticketsGivenBack: 1,
        grossMinor: 0,
        refundedMinor: 0,
        feesMinor: 0,
        netMinor: 0,
      },
    ]);
    expect(totals).toEqual([
      {
        currency: 'EUR',
        ticketsSold: 4,
        ticketsGivenBack: 2,
        grossMinor: 3 * PRICE_MINOR,
        refundedMinor: PRICE_MINOR - 500,
        feesMinor: 500,
        netMinor: 2 * PRICE_MINOR + 500,
      },
    ]);
  });

  it('puts days where the venue is, and takes the first instant and leaves the last', async () => {
    const { id } = await buy(house, office, buyer.token, [0]);
    // Half past eleven at night in London, and the next day in Berlin already.
    await house.app.db.query('UPDATE bookings SET confirmed_at = $2 WHERE id = $1', [
      requireEventScoped('Booking', id).id,
      '2027-01-31T23:30:00Z',
    ]);
    const between = async (from: string | null, to: string | null) =>
      (await report({ eventId: office.eventId, from, to })).rows.map(({ day }) => day);
    expect(await between(null, null)).toEqual(['2027-02-01']);
    expect(await between('2027-01-31T23:30:00Z', '2027-01-31T23:30:01Z')).toEqual(['2027-02-01']);
    expect(await between(null, '2027-01-31T23:30:00Z')).toEqual([]);
    expect(await between('2027-01-31T23:30:01Z', null)).toEqual([]);
  });

  it('of an organization has all its events, each currency with its own sum', async () => {
    await buy(house, office, buyer.token, [0]);
    const other = await openBoxOffice(house);
    await buy(house, other, buyer.token, [0, 1]);
    await house.app.db.query(
      `UPDATE events SET currency = 'JPY', organization_id = (SELECT organization_id FROM events WHERE id = $1) WHERE id = $2`,
      [office.eventUuid, other.eventUuid],
    );
    const { totals } = await report({ organizationId: office.organizationId });
    expect(totals).toMatchObject([
      { currency: 'EUR', ticketsSold: 1, grossMinor: PRICE_MINOR },
      { currency: 'JPY', ticketsSold: 2, grossMinor: 2 * PRICE_MINOR },
    ]);
  });

  it('gives money without tickets a row of its own', async () => {
    const { id } = await buy(house, office, buyer.token, [0, 1]);
    await refundAtProvider(id, 1_001);
    const { rows } = await report();
    expect(rows).toMatchObject([
      { categoryKey: 'stalls', grossMinor: 2 * PRICE_MINOR, refundedMinor: 0 },
      { categoryKey: null, ticketTypeKey: null, ticketsSold: 0, refundedMinor: 1_001 },
    ]);
  });

  it('is refused as it should be', async () => {
    const scanner = await house.given.user();
    await house.gql(
      'mutation ($input: AddMemberInput!) { addMember(input: $input) { role } }',
      { input: { organizationId: office.organizationId, email: scanner.email, role: 'SCANNER' } },
      { token: office.ownerToken },
    );
    const { eventId, organizationId } = office;
    const codeFor = async (token: string | undefined, variables: object): Promise<unknown> =>
      firstError((await house.gql(REPORT, { ...variables }, { token, expectErrors: true })).errors)
        .code;
    expect(await codeFor(undefined, { eventId })).toBe('UNAUTHENTICATED');
    for (const scope of [{ eventId }, { organizationId }]) {
      expect(await codeFor(buyer.token, scope)).toBe('NOT_FOUND');
      expect(await codeFor(scanner.token, scope)).toBe('FORBIDDEN');
    }
    for (const wrong of [
      {},
      { eventId, organizationId },
      { eventId, from: '2027-01-02T00:00:00Z', to: '2027-01-01T00:00:00Z' },
    ]) {
      expect(await codeFor(office.ownerToken, wrong)).toBe('BAD_USER_INPUT');
    }
    expect(await codeFor(office.ownerToken, { eventId: organizationId })).toBe('NOT_FOUND');
  });
});

describe('the report agrees with the ledger', () => {
  async function ledger(): Promise<{ taken: number; back: number }> {
    const [row] = await house.app.db.query<{ taken: string; back: string }>(
      `SELECT coalesce(sum(amount_minor), 0) AS taken, coalesce(sum(refunded_minor), 0) AS back
       FROM mock_charges WHERE event_id = $1 AND status = 'SUCCEEDED'`,
      [office.eventUuid],
    );
    return { taken: Number(row?.taken), back: Number(row?.back) };
  }

  it('to the cent, after whatever mix of sales, refunds, fees and drift', async () => {
    const party = fc.record({
      seats: fc.integer({ min: 1, max: 3 }),
      givenBack: fc.integer({ min: 0, max: 3 }),
      waived: fc.boolean(),
      atProviderMinor: fc.integer({ min: 0, max: 5_000 }),
      before: fc.boolean(),
    });
    const mix = fc.record({
      feeMinor: fc.integer({ min: 0, max: 5_000 }),
      feePercent: fc.integer({ min: 0, max: 100 }),
      parties: fc.array(party, { minLength: 1, maxLength: 4 }),
      cancelled: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(mix, async ({ feeMinor, feePercent, parties, cancelled }) => {
        office = await openBoxOffice(house, {
          refundFeeMinor: feeMinor,
          refundFeePercent: feePercent,
        });
        let no = 0;
        let soldTickets = 0;
        for (const { seats, givenBack, waived, atProviderMinor, before } of parties) {
          const nos = Array.from({ length: seats }, () => no++);
          const { id, ticketIds } = await buy(house, office, buyer.token, nos);
          soldTickets += seats;
          const paidMinor = nos.filter((each) => each < 8).length * PRICE_MINOR;
          const minor = Math.min(atProviderMinor, paidMinor - 1);
          if (before && minor > 0) await refundAtProvider(id, minor);
          const chosen = ticketIds.slice(0, givenBack);
          if (chosen.length > 0) {
            await cancel(house, office.ownerToken, id, { ticketIds: chosen, waiveFee: waived });
          }
          const { amountMinor, refundedMinor } =
            paidMinor > 0 ? await payment(id) : { amountMinor: 0, refundedMinor: 0 };
          if (!before && minor > 0 && minor < amountMinor - refundedMinor) {
            await refundAtProvider(id, minor);
          }
        }
        if (cancelled) {
          await house.gql(
            'mutation ($id: ID!) { cancelEvent(id: $id) { status } }',
            { id: office.eventId },
            { token: office.ownerToken },
          );
          await workOnCancellation(house.app, office.eventUuid);
          house.clock.advance(60);
          await retryRefunds(house.app);
        }
        const { rows, totals } = await report();
        const { taken, back } = await ledger();
        const [total] = totals;
        expect(total).toMatchObject({
          ticketsSold: soldTickets,
          grossMinor: taken,
          refundedMinor: back,
          netMinor: taken - back,
        });
        expect(rows.every((row) => row.refundedMinor >= 0 && row.grossMinor >= 0)).toBe(true);
        await expectSoundBooks(house, office);
      }),
      { numRuns: 12 },
    );
  });
});

describe('GET /reports/sales.csv', () => {
  it('has the rows as a spreadsheet reads them', async () => {
    await house.app.db.query('UPDATE events SET title = $2 WHERE id = $1', [
      office.eventUuid,
      '=HYPERLINK("http://evil"), "a" & Ünï',
    ]);
    await buy(house, office, buyer.token, [0]);
    const response = await getCsv(`eventId=${office.eventId}`, office.ownerToken);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const text = await response.text();
    expect(text).toBe((await report()).csv);
    const [header, row, end] = text.split('\r\n');
    expect(header).toBe(
      'day,event_id,event,category_key,category,ticket_type_key,ticket_type,currency,tickets_sold,tickets_given_back,gross,refunded,fees,net',
    );
    expect(row).toContain(
      `,${office.eventId},"'=HYPERLINK(""http://evil""), ""a"" & Ünï",stalls,Stalls,standard,Standard,EUR,1,0,42.50,0.00,0.00,42.50`,
    );
    expect(end).toBe('');
  });

  it('is refused with the status that fits', async () => {
    const { eventId, ownerToken } = office;
    const statusOf = async (query: string, token?: string): Promise<number> =>
      (await getCsv(query, token)).status;
    expect(await statusOf(`eventId=${eventId}`)).toBe(401);
    expect(await statusOf(`eventId=${eventId}`, 'no.such.token')).toBe(401);
    expect(await statusOf(`eventId=${eventId}`, buyer.token)).toBe(404);
    expect(await statusOf('', ownerToken)).toBe(400);
    expect(await statusOf(`eventId=${eventId}&eventId=${eventId}`, ownerToken)).toBe(400);
    expect(await statusOf(`eventId=${eventId}&from=yesterday`, ownerToken)).toBe(400);
    expect(await statusOf(`eventId=${'x'.repeat(101)}`, ownerToken)).toBe(400);
    expect(await statusOf('eventId=evt_%00', ownerToken)).toBe(404);
    expect(await statusOf(`eventId=${eventId}&from=2027-01-01T00:00:00Z`, ownerToken)).toBe(200);
  });
});

describe('a cell', () => {
  it.each([
    ['plain', 'plain'],
    ['=1+1', "'=1+1"],
    ['+49 30', "'+49 30"],
    ['-2', "'-2"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    [' =1', "' =1"],
    ['a,b', '"a,b"'],
    ['a "b"', '"a ""b"""'],
    ['a\r\nb', '"a\r\nb"'],
    ['=a,b', '"\'=a,b"'],
  ])('%j is written %j', (text, cell) => {
    expect(textCell(text)).toBe(cell);
  });

  it.each([
    [4250, 'EUR', '42.50'],
    [5, 'EUR', '0.05'],
    [-5, 'EUR', '-0.05'],
    [4250, 'JPY', '4250'],
    [4250, 'KWD', '4.250'],
    [0, 'EUR', '0.00'],
  ])('%d of %s is written %s', (minor, currency, text) => {
    expect(decimalOf(minor, currency)).toBe(text);
  });

  it('never lets a title make a row or a column, whatever it is', () => {
    const line = {
      day: '2027-01-01',
      eventId: 'evt_x',
      currency: 'EUR',
      categoryKey: null,
      categoryName: null,
      ticketTypeKey: null,
      ticketTypeName: null,
      ticketsSold: 1,
      ticketsGivenBack: 0,
      grossMinor: 1,
      refundedMinor: 0,
      feesMinor: 0,
      netMinor: 1,
    };
    fc.assert(
      fc.property(fc.string(), (eventTitle) => {
        const [, , title, ...rest] = readCsv(salesCsv([{ ...line, eventTitle }]))[1] ?? [];
        expect(title?.replace(/^'/, '')).toBe(eventTitle.replace(/^'/, ''));
        expect(rest).toHaveLength(11);
      }),
    );
    expect(totalsOf([])).toEqual([]);
  });
});

/** RFC 4180, as a reader. */
function readCsv(text: string): string[][] {
  return text
    .split(/\r\n(?=(?:[^"]*"[^"]*")*[^"]*$)/)
    .map((row) =>
      [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
      ),
    );
}
