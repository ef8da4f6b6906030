import type {
  UsherDocument,
  UsherRow,
  UsherSection,
  UsherShape,
} from '../../modules/venues/importers/usher-schema';
import {
  numberSeats,
  ROW_PITCH,
  round,
  rowLetter,
  SEAT_PITCH,
  seatsAlong,
  type PlacedSeat,
} from './rows';

/** All rows are arcs about this point, far behind the stage: a gentle curve. */
const CENTRE = { x: 1000, y: -520 };
const AISLE_WIDTH = 56;
const WALL = '#d8cfc2';

interface Tier {
  rows: number;
  /** Radius of the first row. */
  radius: number;
  /** Directions, in degrees from the middle, between which there are seats, aisle by aisle. */
  edges: number[];
  /** Rows that have two wheelchair places at each end of their outer blocks: by the walls and aisles. */
  wheelchairRows: number[];
  category: (row: number, degrees: number) => string;
}

/** The best seats are those in the middle of the stalls' first rows. */
const STALLS: Tier = {
  rows: 16,
  radius: 830,
  edges: [-26, -9.5, 9.5, 26],
  wheelchairRows: [7, 15],
  category(row, degrees) {
    if (row < 9 && Math.abs(degrees) < 10) return 'premium';
    return row < 11 ? 'a' : 'b';
  },
};
const CIRCLE: Tier = {
  rows: 9,
  radius: 1430,
  edges: [-28, -16.5, -5.5, 5.5, 16.5, 28],
  wheelchairRows: [8],
  category(row, degrees) {
    if (row < 3 && Math.abs(degrees) < 17) return 'a';
    return row < 6 ? 'b' : 'c';
  },
};

function pointAt(radius: number, degrees: number): { x: number; y: number } {
  const angle = (degrees * Math.PI) / 180;
  return { x: CENTRE.x + radius * Math.sin(angle), y: CENTRE.y + radius * Math.cos(angle) };
}

/** One stretch of a row between two aisles. */
function seatBlock(tier: Tier, row: number, from: number, to: number): PlacedSeat[] {
  const radius = tier.radius + row * ROW_PITCH;
  const perUnit = 180 / Math.PI / radius;
  const [first, last] = [tier.edges[0], tier.edges.at(-1)];
  const start = from + (from === first ? 0 : (AISLE_WIDTH / 2) * perUnit);
  const end = to - (to === last ? 0 : (AISLE_WIDTH / 2) * perUnit);
  const wide = tier.wheelchairRows.includes(row) && (from === first || to === last) ? 2 : 0;
  return seatsAlong((end - start) / perUnit, wide).map(({ along, accessible }) => {
    const degrees = start + along * perUnit;
    return { ...pointAt(radius, degrees), accessible, category: tier.category(row, degrees) };
  });
}

function tierRows(tier: Tier): UsherRow[] {
  return Array.from({ length: tier.rows }, (_, row) => {
    const seats = tier.edges
      .slice(1)
      .flatMap((to, i) => seatBlock(tier, row, tier.edges[i] ?? 0, to));
    return { name: rowLetter(row), seats: numberSeats(seats) };
  });
}

const BOXES = 8;
const BOX_DEPTH = 66;
/** From the line on which the stalls end to the first seats of the boxes. */
const BOX_OFFSET = 92;

/** A point beside the stalls: `out` units beyond their outer edge, `back` units along it. */
function besideStalls(side: -1 | 1, back: number, out: number): { x: number; y: number } {
  const edge = STALLS.edges.at(-1) ?? 0;
  const from = pointAt(STALLS.radius - 40 + back, side * edge);
  const angle = (edge * Math.PI) / 180;
  return { x: from.x + side * out * Math.cos(angle), y: from.y - out * Math.sin(angle) };
}

function boxes(side: -1 | 1): { section: UsherSection; shapes: UsherShape[] } {
  const rows: UsherRow[] = [];
  const shapes: UsherShape[] = [];
  const wallInset = (BOX_DEPTH - 60) / 2;
  for (let box = 0; box < BOXES; box += 1) {
    const back = box * BOX_DEPTH;
    const corners = [
      [0, 0],
      [60, 0],
      [60, 66],
      [0, 66],
    ] as const;
    const points = corners.map(([down, out]): [number, number] => {
      const { x, y } = besideStalls(side, back + wallInset + down, BOX_OFFSET - 33 + 12 + out);
      return [round(x), round(y)];
    });
    shapes.push({ kind: 'polygon', points, fill: '#efe6d8', stroke: WALL });
    const places = [
      [-0.5, 0],
      [0.5, 0],
      [-0.5, 1],
      [0.5, 1],
    ] as const;
    const seats = places.map(([down, out]) => ({
      ...besideStalls(
        side,
        back + BOX_DEPTH / 2 + down * SEAT_PITCH,
        BOX_OFFSET + out * SEAT_PITCH,
      ),
      accessible: false,
      category: box < 3 ? 'a' : 'b',
    }));
    rows.push({ name: String(box + 1), seats: numberSeats(seats) });
  }
  const [key, name] = side < 0 ? ['boxes-left', 'Boxes left'] : ['boxes-right', 'Boxes right'];
  return { section: { key, name, rowLabel: 'Box %s', rows }, shapes };
}

/** The floor under a tier: a piece of a ring. */
function floorOf(tier: Tier, margin: number, fill: string): UsherShape {
  const edge = tier.edges.at(-1) ?? 0;
  const [inner, outer] = [tier.radius - margin, tier.radius + (tier.rows - 1) * ROW_PITCH + margin];
  const wider = (radius: number): number => edge + (margin / radius) * (180 / Math.PI);
  const steps = Array.from({ length: 25 }, (_, i) => -1 + i / 12);
  const arc = [
    ...steps.map((step) => pointAt(inner, step * wider(inner))),
    ...[...steps].reverse().map((step) => pointAt(outer, step * wider(outer))),
  ];
  return {
    kind: 'polygon',
    points: arc.map(({ x, y }): [number, number] => [round(x), round(y)]),
    fill,
    stroke: WALL,
  };
}

/** The stage: straight behind, and before it an apron with the curve of the rows. */
function stageShapes(): UsherShape[] {
  const front = Array.from({ length: 21 }, (_, i) => pointAt(STALLS.radius - 90, -19 + i * 1.9));
  const points = front.map(({ x, y }): [number, number] => [round(x), round(y)]);
  const wing = 245;
  points.push([CENTRE.x + wing, 40], [CENTRE.x - wing, 40]);
  return [
    { kind: 'polygon', points, fill: '#3a3340', stroke: '#241f29', role: 'stage' },
    { kind: 'text', x: CENTRE.x, y: 130, text: 'STAGE', size: 46, fill: '#f3ead9' },
  ];
}

/** A theatre of about 1,100 seats: stalls, boxes at both sides, and a circle behind. */
export function theatrePlan(): UsherDocument {
  const [left, right] = [boxes(-1), boxes(1)];
  const circleFront = pointAt(CIRCLE.radius - 60, 0);
  return {
    usher: 1,
    name: 'Grand Theatre',
    focalPoint: { x: CENTRE.x, y: 200 },
    categories: [
      { key: 'premium', name: 'Premium', color: '#6d3fa0' },
      { key: 'a', name: 'Category A', color: '#b23a55' },
      { key: 'b', name: 'Category B', color: '#2f6fb0' },
      { key: 'c', name: 'Category C', color: '#3d8b6e' },
    ],
    sections: [
      { key: 'stalls', name: 'Stalls', rows: tierRows(STALLS) },
      left.section,
      right.section,
      { key: 'circle', name: 'Circle', rows: tierRows(CIRCLE) },
    ],
    shapes: [
      floorOf(STALLS, 34, '#faf6ef'),
      floorOf(CIRCLE, 34, '#f2ecdf'),
      ...left.shapes,
      ...right.shapes,
      ...stageShapes(),
      {
        kind: 'text',
        x: CENTRE.x,
        y: round(circleFront.y),
        text: 'CIRCLE',
        size: 26,
        fill: '#8b7f6d',
      },
    ],
  };
}
