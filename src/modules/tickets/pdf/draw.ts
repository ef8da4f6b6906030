/** Draws a ticket: one page of A4, of which the upper half is the ticket and may be cut off. */
import PDFDocument from 'pdfkit';
import { create as createQrCode } from 'qrcode';
import type { TicketSheet } from './sheet';
import { lineHeight, Typesetter, type TextStyle } from './typesetter';
import { wordDate, wordPrice, wordTime } from './wording';

const PAGE = { width: 595.28, height: 841.89, margin: 40 };
const CARD = {
  left: PAGE.margin,
  top: PAGE.margin,
  width: PAGE.width - 2 * PAGE.margin,
  height: 372,
};
const PADDING = 24;
const QR_SIZE = 158;
const INK = '#1c1b22';
const QUIET = '#6b6875';
const ACCENT = '#4c2a85';
const PAPER = '#ffffff';

const ORGANIZER: TextStyle = { size: 11, weight: 'bold', color: PAPER };
const TITLE: TextStyle = { size: 23, weight: 'bold', color: INK };
const WHEN: TextStyle = { size: 13, weight: 'bold', color: ACCENT };
const WHERE: TextStyle = { size: 11.5, weight: 'regular', color: INK };
const LABEL: TextStyle = { size: 8, weight: 'regular', color: QUIET };
const VALUE: TextStyle = { size: 13, weight: 'bold', color: INK };
const NOTE: TextStyle = { size: 8.5, weight: 'regular', color: QUIET };

/** The bytes of a PDF of one page. */
export async function drawTicket(sheet: TicketSheet): Promise<Uint8Array> {
  const page = new PDFDocument({
    size: 'A4',
    margin: 0,
    lang: 'en',
    displayTitle: true,
    info: {
      Title: `${sheet.title} – ${sheet.reference}`,
      Author: sheet.organizer,
      Creator: 'Usher',
      Producer: 'Usher',
      CreationDate: sheet.issuedAt,
    },
  });
  const chunks: Buffer[] = [];
  page.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((done, fail) => {
    page.once('end', done);
    page.once('error', fail);
  });
  const text = new Typesetter(page, sheet.timezone);
  drawCard(page, text, sheet);
  drawQrCode(page, sheet.code, CARD.left + CARD.width - PADDING - QR_SIZE, CARD.top + 62);
  drawNotes(page, text);
  page.end();
  await ended;
  return new Uint8Array(Buffer.concat(chunks));
}

function drawCard(page: PDFKit.PDFDocument, text: Typesetter, sheet: TicketSheet): void {
  const left = CARD.left + PADDING;
  const { top, width, height } = CARD;
  page.save();
  page.roundedRect(CARD.left, top, width, height, 10).clip();
  page.rect(CARD.left, top, width, 38).fill(ACCENT);
  page.restore();
  page.roundedRect(CARD.left, top, width, height, 10).lineWidth(1).stroke('#cfcbd8');
  const band = { x: left, y: top + 24, width: width - 2 * PADDING - 90, linesMax: 1 };
  text.block(sheet.organizer, band, ORGANIZER);
  text.line('TICKET', CARD.left + width - PADDING - 42, top + 24, ORGANIZER);

  const column = { x: left, width: width - 3 * PADDING - QR_SIZE };
  let y = text.block(sheet.title, { ...column, y: top + 78, linesMax: 3 }, TITLE);
  y += 26;
  const { timezone, startsAt, doorsAt } = sheet;
  const when = `${wordDate(startsAt, timezone)}, ${wordTime(startsAt, timezone)}`;
  y = text.block(when, { ...column, y, linesMax: 2 }, WHEN) + lineHeight(WHERE) + 2;
  if (doorsAt !== null) {
    const doors = `Doors open at ${wordTime(doorsAt, timezone)}`;
    y = text.block(doors, { ...column, y, linesMax: 1 }, WHERE) + lineHeight(WHERE);
  }
  const where = [sheet.venue, sheet.place].filter((part) => part !== '').join(', ');
  text.block(where, { ...column, y, linesMax: 2 }, WHERE);
  drawFacts(page, text, sheet);
}

/** Two rows of labelled facts at the foot of the card. */
function drawFacts(page: PDFKit.PDFDocument, text: Typesetter, sheet: TicketSheet): void {
  const left = CARD.left + PADDING;
  const inner = CARD.width - 2 * PADDING;
  const firstY = CARD.top + 266;
  page
    .moveTo(left, firstY - 22)
    .lineTo(left + inner, firstY - 22)
    .lineWidth(1)
    .dash(3, { space: 3 })
    .stroke('#cfcbd8')
    .undash();
  const seat: [string, string][] = [['SECTION', sheet.section]];
  if (sheet.row !== null) seat.push(['ROW', sheet.row]);
  if (sheet.seat !== null) seat.push(['SEAT', sheet.seat]);
  seat.push(['CATEGORY', sheet.category], ['TICKET', sheet.ticketType]);
  const person: [string, string][] = [
    ['NAME', sheet.holderName],
    ['PRICE', wordPrice(sheet.priceMinor, sheet.currency)],
    ['BOOKING', sheet.reference],
  ];
  drawRow(
    text,
    seat,
    [2, ...seat.slice(1).map(([label]) => (label.length > 4 ? 1.6 : 0.8))],
    firstY,
  );
  drawRow(text, person, [2.6, 1, 1], firstY + 54, 2);
}

function drawRow(
  text: Typesetter,
  facts: readonly [string, string][],
  shares: readonly number[],
  y: number,
  linesMax = 1,
): void {
  const gap = 12;
  const whole = shares.reduce((sum, share) => sum + share, 0);
  const room = CARD.width - 2 * PADDING - gap * (facts.length - 1);
  let x = CARD.left + PADDING;
  facts.forEach(([label, value], i) => {
    const width = (room * (shares[i] ?? 1)) / whole;
    text.line(label, x, y, LABEL);
    text.block(value, { x, y: y + 17, width, linesMax }, VALUE);
    x += width + gap;
  });
}

function drawNotes(page: PDFKit.PDFDocument, text: Typesetter): void {
  const y = CARD.top + CARD.height + 28;
  text.line(
    'Show this code at the door, on paper or on a screen. It admits one person, once.',
    CARD.left,
    y,
    NOTE,
  );
  text.line(
    'Whoever has the code has the ticket: keep it to yourself. Given to somebody else, the ticket gets a new code, and this one is void.',
    CARD.left,
    y + lineHeight(NOTE),
    NOTE,
  );
  page
    .moveTo(0, CARD.top + CARD.height + 14)
    .lineTo(PAGE.width, CARD.top + CARD.height + 14)
    .lineWidth(0.5)
    .dash(2, { space: 4 })
    .stroke('#e3e0ea')
    .undash();
}

/** As paths, so that it is sharp at every size; each dark run of a row is one rectangle. */
function drawQrCode(page: PDFKit.PDFDocument, code: string, x: number, y: number): void {
  const { modules } = createQrCode(code, { errorCorrectionLevel: 'M' });
  const module = QR_SIZE / modules.size;
  // Rows overlap by a hair: viewers that smooth edges would show white lines between them.
  const height = module * 1.02;
  for (let row = 0; row < modules.size; row++) {
    for (let from = 0; from < modules.size; from++) {
      let to = from;
      while (to < modules.size && modules.get(row, to)) to++;
      if (to > from) page.rect(x + from * module, y + row * module, (to - from) * module, height);
      from = to;
    }
  }
  page.fill('#000000');
}
