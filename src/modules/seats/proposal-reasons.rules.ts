/** Why a proposal ranks as it does, in sentences for people. Written for what is proposed, not for all compared. */
import { orphansLeft } from './orphan.rules';
import { besideOf, meanCloseness, type PartyWish, type Places, type Seating } from './party.rules';

const NAMES_LISTED = 4;

export function reasonsFor(wish: PartyWish, places: Places, seating: Seating): string[] {
  const { nos, tier } = seating;
  const isFree = (no: number): boolean => places.free[no] === 1;
  const isTogether = tier <= 2 || nos.length === 1;
  const reasons = [isTogether ? togetherReason(wish, nos) : apartReason(wish, seating)];
  reasons.push(closenessReason(wish, nos));
  const orphans = orphansLeft({ ...wish, isFree, taken: nos }).length;
  if (orphans > 0) reasons.push(`Leaves ${counted(orphans, 'single seat')} empty.`);
  else if (nos.some((no) => (wish.blocks.positionOf[no] ?? -1) >= 0))
    reasons.push('Leaves no single seat empty.');
  if (wish.accessible > 0) reasons.push(accessibleReason(wish, nos));
  const meant = companionsAlone(wish, nos);
  if (meant > 0)
    reasons.push(`${counted(meant, 'seat')} meant for companions: there are no others like them.`);
  return reasons;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function listed(names: readonly string[]): string {
  const shown = names.length > NAMES_LISTED ? names.slice(0, NAMES_LISTED) : names;
  const rest = names.length - shown.length;
  if (rest > 0) return `${shown.join(', ')} and ${rest} more`;
  return shown.length < 2
    ? shown.join('')
    : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1) ?? ''}`;
}

function sectionNames({ layout }: PartyWish, nos: readonly number[]): string[] {
  return [...new Set(nos.map((no) => layout.sections[layout.section[no] ?? 0]?.name ?? ''))];
}

function rowNames({ layout }: PartyWish, nos: readonly number[]): string[] {
  return [...new Set(nos.flatMap((no) => layout.row[no] ?? []))];
}

function togetherReason(wish: PartyWish, nos: readonly number[]): string {
  const where = listed(sectionNames(wish, nos));
  if ((wish.blocks.positionOf[nos[0] ?? 0] ?? -1) < 0)
    return `${counted(nos.length, 'place')}${nos.length > 1 ? ' together' : ''} in ${where}.`;
  const row = rowNames(wish, nos)[0];
  if (wish.layout.wholeTableOf(nos[0] ?? 0) !== undefined)
    return `The whole of table ${row ?? ''} in ${where}: ${counted(nos.length, 'seat')}.`;
  const in_ = row === undefined ? where : `${where}, row ${row}`;
  return nos.length === 1 ? `A seat in ${in_}.` : `${nos.length} seats side by side in ${in_}.`;
}

function apartReason(wish: PartyWish, { nos, tier }: Seating): string {
  const where = listed(sectionNames(wish, nos));
  const rows = rowNames(wish, nos);
  if (tier === 4) return `The nearest ${nos.length} places to each other, in ${where}.`;
  if (nos.every((no) => wish.layout.wholeTableOf(no) !== undefined))
    return `The whole of tables ${listed(rows)} in ${where}; nobody sits alone.`;
  const pieces = piecesOf(wish, nos);
  const over = `${rows.length === 1 ? 'row' : 'rows'} ${listed(rows)}`;
  return `Split into ${listed(pieces.map(String))} in ${where}, ${over}; nobody sits alone.`;
}

/** Sizes of the runs of seats side by side. */
function piecesOf({ blocks }: PartyWish, nos: readonly number[]): number[] {
  const positions = nos.map((no) => blocks.positionOf[no] ?? -1).sort((a, b) => a - b);
  const pieces: number[] = [];
  positions.forEach((position, i) => {
    const before = positions[i - 1];
    const joined = before === position - 1 && blocks.blockAt[before] === blocks.blockAt[position];
    if (joined) pieces[pieces.length - 1] = (pieces.at(-1) ?? 0) + 1;
    else pieces.push(1);
  });
  return pieces;
}

function closenessReason(wish: PartyWish, nos: readonly number[]): string {
  const own = meanCloseness(wish, nos);
  let farther = 0;
  for (const closeness of wish.blocks.closeness) if (closeness < own) farther += 1;
  const percent = Math.floor((100 * farther) / wish.layout.seatCount);
  return `Closer to the focal point than ${percent}% of all places.`;
}

function accessibleReason(
  { layout, blocks, accessible }: PartyWish,
  nos: readonly number[],
): string {
  const places = counted(accessible, 'accessible place');
  if (nos.length === accessible) return `${places}.`;
  const party = new Set(nos);
  const people = nos.filter((no) => layout.accessible[no] === 1);
  const sharing = (isCompany: (no: number) => boolean): boolean =>
    people.every((no) => besideOf(blocks, no).some((seat) => party.has(seat) && isCompany(seat)));
  if (sharing((no) => layout.companion[no] === 1))
    return `${places}, with a companion’s seat right beside.`;
  return sharing(() => true)
    ? `${places}, with company right beside.`
    : `${places}; no free seat right beside every one of them.`;
}

/** Seats meant for companions of which none is beside an accessible place of the party. */
function companionsAlone({ layout, blocks }: PartyWish, nos: readonly number[]): number {
  const party = new Set(nos);
  const isAccessible = (no: number): boolean => party.has(no) && layout.accessible[no] === 1;
  return nos.filter(
    (no) =>
      layout.companion[no] === 1 && !isAccessible(no) && !besideOf(blocks, no).some(isAccessible),
  ).length;
}
