import { codeOf } from '../../../src/modules/tickets/ticket.service';
import { newId, requireEventScoped } from '../../../src/infra/ids';
import type { House } from '../../support/house';
import type { BoxOffice } from '../../support/box-office';
import { atBoxOffice } from '../../support/settings';
import { bookTicket, transfer, type IssuedTicket } from './door';

let house: House;
let office: BoxOffice;
let buyer: { token: string };
atBoxOffice((given) => ({ house, office, buyer } = given));

interface Urls {
  pdfUrl: string;
  calendarUrl: string;
}
async function urlsOf(ticket: IssuedTicket): Promise<Urls> {
  const { data } = await house.gql<{ node: Urls }>(
    'query ($id: ID!) { node(id: $id) { ... on Ticket { pdfUrl calendarUrl } } }',
    { id: ticket.id },
    { token: buyer.token },
  );
  return data.node;
}

const book = (no = 0): Promise<IssuedTicket> => bookTicket(house, office, buyer.token, no);
const papersOf = (code: string): string[] =>
  ['pdf', 'ics'].map((kind) => `${house.url}/tickets/${code}.${kind}`);

/** What the dictionaries of a PDF say; its streams are compressed, and told apart by this much. */
function read(pdf: Buffer): { pages: number; fonts: string[]; images: number } {
  const text = pdf.toString('latin1');
  const fonts = [...text.matchAll(/\/BaseFont \/\w+\+([\w-]+)/g)].map(([, name = '']) => name);
  return {
    pages: [...text.matchAll(/\/Type \/Page\b/g)].length,
    fonts: [...new Set(fonts)].sort(),
    images: [...text.matchAll(/\/Subtype \/Image/g)].length,
  };
}

async function print(url: string): Promise<Buffer> {
  const answer = await fetch(url);
  expect(answer.status).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
}

describe('a ticket on paper', () => {
  it('is a PDF for whoever has the code, and is kept by nobody on the way', async () => {
    const ticket = await book();
    const { pdfUrl } = await urlsOf(ticket);
    expect(pdfUrl).toBe(`${house.url}/tickets/${ticket.code}.pdf`);
    const answer = await fetch(pdfUrl);
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/pdf',
      'content-disposition': 'inline; filename="ticket.pdf"',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex',
    });
    const pdf = Buffer.from(await answer.arrayBuffer());
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    // No image: the QR code is drawn, so that it is sharp at every size.
    expect(read(pdf)).toEqual({
      pages: 1,
      fonts: ['NotoSans-Bold', 'NotoSans-Regular'],
      images: 0,
    });
  });

  it.each<[string, string, string]>([
    ['Arabic', 'محمد علي', 'NotoNaskhArabic-Bold'],
    ['Hebrew', 'שלום', 'NotoSansHebrew-Bold'],
    ['Thai', 'สมชาย', 'NotoSansThai-Bold'],
    ['Japanese', '山﨑 さくら', 'BIZUDPGothic-Bold'],
    ['Chinese', '王小明', 'NotoSansHans-Bold'],
    ['Korean', '김철수', 'GowunDodum-Regular'],
  ])('prints a name in %s with the letters of a font that has them', async (_, name, font) => {
    const ticket = await book();
    const given = await transfer(house, buyer.token, { ticketId: ticket.id, holderName: name });
    const { fonts } = read(await print((await urlsOf(given)).pdfUrl));
    expect(fonts).toContain(font);
  });

  it('prints whatever letters and lengths there are', async () => {
    const ticket = await book();
    const given = await transfer(house, buyer.token, {
      ticketId: ticket.id,
      holderName: `${'ยาวมาก'.repeat(15)}😀\u202e${'W'.repeat(80)}\n\tܐ`,
    });
    expect(read(await print((await urlsOf(given)).pdfUrl)).pages).toBe(1);
  });

  it('prints each of twenty at once', async () => {
    const { code } = await book();
    const [pdf = ''] = papersOf(code);
    const pdfs = await Promise.all(Array.from({ length: 20 }, () => print(pdf)));
    expect(pdfs.every((each) => each.equals(pdfs[0]!))).toBe(true);
  });

  it('is printed again by another thread, should the first have ended', async () => {
    const first = await book(1);
    await print(papersOf(first.code)[0]!);
    await house.app.printer.close();
    const second = await book(2);
    expect(read(await print(papersOf(second.code)[0]!)).pages).toBe(1);
  });

  it('is gone once the ticket is void or has gone to somebody else', async () => {
    const given = await book(0);
    await transfer(house, buyer.token, { ticketId: given.id, holderName: 'Grace' });
    const refunded = await book(1);
    const { eventId, id } = requireEventScoped('Ticket', refunded.id);
    await house.app.db.query(`UPDATE tickets SET status = 'VOID' WHERE event_id = $1 AND id = $2`, [
      eventId,
      id,
    ]);
    for (const url of [...papersOf(given.code), ...papersOf(refunded.code)]) {
      const answer = await fetch(url);
      expect(answer.status).toBe(410);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
  });

  it('is not to be had for a code that we have not issued', async () => {
    const { code } = await book();
    const flipped = code.at(60) === 'A' ? 'B' : 'A';
    const noTicket = await codeOf(house.app, {
      eventId: office.eventUuid,
      id: newId(),
      generation: 1,
      issuedAt: new Date(),
    });
    const strange = [
      code.slice(0, 60) + flipped + code.slice(61),
      code.slice(0, -1),
      noTicket,
      'garbage',
      '%00',
      '..%2F..%2Fetc%2Fpasswd',
      'x'.repeat(190),
      'x'.repeat(5_000),
    ];
    for (const url of strange.flatMap(papersOf)) {
      expect([400, 404, 414]).toContain((await fetch(url)).status);
    }
    expect((await fetch(`${house.url}/tickets/${code}`)).status).toBe(404);
    expect((await fetch(`${house.url}/tickets/${code}.exe`)).status).toBe(404);
    expect((await fetch(`${house.url}/tickets/${code}.PDF`)).status).toBe(404);
  });
});

describe('a ticket in the calendar', () => {
  const lines = (text: string): string[] => text.replace(/\r\n[ \t]/g, '').split('\r\n');

  it('has the event in UTC, the place, and no code', async () => {
    const ticket = await book();
    const { calendarUrl } = await urlsOf(ticket);
    const answer = await fetch(calendarUrl);
    expect(answer.headers.get('content-type')).toContain('text/calendar');
    const text = await answer.text();
    const [event] = await house.app.db.query<{ starts_at: Date }>(
      'SELECT starts_at FROM events WHERE id = $1',
      [office.eventUuid],
    );
    const utc = (at: Date): string => at.toISOString().replace(/[-:]|\.\d+/g, '');
    const { starts_at: startsAt } = event!;
    const found = lines(text);
    expect(found).toEqual(
      expect.arrayContaining([
        'METHOD:PUBLISH',
        `UID:${ticket.id}@usher`,
        'SUMMARY:An evening',
        'LOCATION:The Hall',
        `DTSTART:${utc(startsAt)}`,
        `DTEND:${utc(new Date(startsAt.getTime() + 2 * 3_600_000))}`,
        'TRIGGER:-PT2H',
      ]),
    );
    expect(text).not.toContain(ticket.code);
  });

  it('cannot be made to hold other lines than its own', async () => {
    await house.app.db.query(`UPDATE events SET title = $2 WHERE id = $1`, [
      office.eventUuid,
      'An evening\r\nATTENDEE:mailto:all@example.org\rBEGIN:VALARM\u2028, and; \u202emore\\n',
    ]);
    const { code } = await book();
    const text = await (await fetch(papersOf(code)[1]!)).text();
    const found = lines(text);
    expect(found.filter((line) => line.startsWith('ATTENDEE'))).toEqual([]);
    expect(found.filter((line) => line === 'BEGIN:VALARM')).toHaveLength(1);
    expect(text.replace(/\r\n\t?/g, '')).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
    const title = 'An evening ATTENDEE:mailto:all@example.org BEGIN:VALARM \\, and\\; more\\\\n';
    expect(found).toEqual(expect.arrayContaining([`SUMMARY:${title}`, `DESCRIPTION:${title}`]));
  });

  it('keeps its name when the ticket goes to somebody else', async () => {
    const ticket = await book();
    const given = await transfer(house, buyer.token, { ticketId: ticket.id, holderName: 'Grace' });
    const found = lines(await (await fetch(papersOf(given.code)[1]!)).text());
    expect(found).toContain(`UID:${ticket.id}@usher`);
  });
});
