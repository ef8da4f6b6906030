import type {
  UsherArea,
  UsherDocument,
  UsherRow,
  UsherSection,
  UsherShape,
} from '../../modules/venues/importers/usher-schema';
import { numberSeats, ROW_PITCH, round, seatsAlong, type PlacedSeat } from './rows';

/** The floor: a rectangle with round corners, its middle at 0, 0. The stage stands at its upper end. */
const HALF_WIDTH = 640;
const HALF_HEIGHT = 900;
const CORNER_RADIUS = 420;
const AISLE_WIDTH = 60;
const STAGE_FRONT = -430;

interface Tier {
  /** Distance of the first row from the edge of the floor. */
  offset: number;
  rows: number;
  firstBlock: number;
  /** Blocks of one long side, of one corner, of the short side. */
  blocks: { side: number; corner: number; end: number };
  wheelchairs: boolean;
}
const LOWER: Tier = {
  offset: 105,
  rows: 18,
  firstBlock: 101,
  blocks: { side: 4, corner: 3, end: 2 },
  wheelchairs: true,
};
const UPPER: Tier = {
  offset: 105 + 18 * ROW_PITCH + 140,
  rows: 26,
  firstBlock: 201,
  blocks: { side: 4, corner: 5, end: 2 },
  wheelchairs: false,
};

interface Vector {
  x: number;
  y: number;
}
/** A stretch of the floor's edge: where it is at `t` from 0 to 1, and which way is outwards. */
interface Stretch {
  at: (t: number, offset: number) => Vector;
  length: (offset: number) => number;
  blocks: number;
}

function straight(from: Vector, to: Vector, out: Vector, blocks: number): Stretch {
  return {
    at: (t, offset) => ({
      x: from.x + (to.x - from.x) * t + out.x * offset,
      y: from.y + (to.y - from.y) * t + out.y * offset,
    }),
    length: () => Math.hypot(to.x - from.x, to.y - from.y),
    blocks,
  };
}

/** A corner from one direction to another, in degrees (0: to the right, 90: down). */
function corner(centre: Vector, from: number, to: number, blocks: number): Stretch {
  return {
    at(t, offset) {
      const angle = ((from + (to - from) * t) * Math.PI) / 180;
      const radius = CORNER_RADIUS + offset;
      return { x: centre.x + radius * Math.cos(angle), y: centre.y + radius * Math.sin(angle) };
    },
    length: (offset) => ((CORNER_RADIUS + offset) * Math.abs(to - from) * Math.PI) / 180,
    blocks,
  };
}

/**
 * Round the floor from the stage's right hand to its left, by the far end. Behind the stage nobody sits;
 * of the two corners beside it only the halves that look at it have seats.
 */
function stretches({ side, corner: inCorner, end }: Tier['blocks']): Stretch[] {
  const [cx, cy] = [HALF_WIDTH - CORNER_RADIUS, HALF_HEIGHT - CORNER_RADIUS];
  const beside = Math.ceil(inCorner / 2);
  return [
    corner({ x: cx, y: -cy }, -36, 0, beside),
    straight({ x: HALF_WIDTH, y: -cy }, { x: HALF_WIDTH, y: cy }, { x: 1, y: 0 }, side),
    corner({ x: cx, y: cy }, 0, 90, inCorner),
    straight({ x: cx, y: HALF_HEIGHT }, { x: -cx, y: HALF_HEIGHT }, { x: 0, y: 1 }, end),
    corner({ x: -cx, y: cy }, 90, 180, inCorner),
    straight({ x: -HALF_WIDTH, y: cy }, { x: -HALF_WIDTH, y: -cy }, { x: -1, y: 0 }, side),
    corner({ x: -cx, y: -cy }, 180, 216, beside),
  ];
}

function blockRow(
  stretch: Stretch,
  block: number,
  offset: number,
  wheelchairs: number,
): PlacedSeat[] {
  const length = stretch.length(offset);
  const start = (block / stretch.blocks) * length + AISLE_WIDTH / 2;
  const usable = length / stretch.blocks - AISLE_WIDTH;
  return seatsAlong(usable, wheelchairs).map(({ along, accessible }) => ({
    ...stretch.at((start + along) / length, offset),
    accessible,
  }));
}

/** By how far the block is from the stage, and how high. */
function categoryOf(tier: Tier, middle: Vector): string {
  const distance = Math.hypot(middle.x, middle.y - STAGE_FRONT);
  if (tier === LOWER) return distance < 1_250 ? 'lower-front' : 'lower';
  return distance < 1_950 ? 'upper' : 'upper-far';
}

function tierBlocks(tier: Tier): { sections: UsherSection[]; shapes: UsherShape[] } {
  const sections: UsherSection[] = [];
  const shapes: UsherShape[] = [];
  for (const stretch of stretches(tier.blocks)) {
    for (let block = 0; block < stretch.blocks; block += 1) {
      const name = String(tier.firstBlock + sections.length);
      const rows = Array.from({ length: tier.rows }, (_, row): UsherRow => {
        const wheelchairs =
          tier.wheelchairs && row === tier.rows - 1 && sections.length % 2 === 1 ? 2 : 0;
        const seats = blockRow(stretch, block, tier.offset + row * ROW_PITCH, wheelchairs);
        return { name: String(row + 1), seats: numberSeats(seats) };
      });
      const t = (block + 0.5) / stretch.blocks;
      const middle = stretch.at(t, tier.offset + (tier.rows / 2) * ROW_PITCH);
      sections.push({
        key: `block-${name}`,
        name: `Block ${name}`,
        category: categoryOf(tier, middle),
        rows,
      });
      const sign = stretch.at(t, tier.offset - 66);
      shapes.push({
        kind: 'text',
        x: round(sign.x),
        y: round(sign.y),
        text: name,
        size: 40,
        fill: '#7a8494',
      });
    }
  }
  return { sections, shapes };
}

/** The floor's edge at a distance; the whole way round, or only where there are seats. */
function ring(offset: number, whole: boolean): [number, number][] {
  const corners: [Vector, number, number][] = [
    [{ x: 1, y: -1 }, whole ? -90 : -36, 0],
    [{ x: 1, y: 1 }, 0, 90],
    [{ x: -1, y: 1 }, 90, 180],
    [{ x: -1, y: -1 }, 180, whole ? 270 : 216],
  ];
  return corners.flatMap(([sign, from, to]) => {
    const centre = {
      x: sign.x * (HALF_WIDTH - CORNER_RADIUS),
      y: sign.y * (HALF_HEIGHT - CORNER_RADIUS),
    };
    const arc = corner(centre, from, to, 1);
    return Array.from({ length: 19 }, (_, i): [number, number] => {
      const { x, y } = arc.at(i / 18, offset);
      return [round(x), round(y)];
    });
  });
}

/** The concrete under a tier: a horseshoe, open behind the stage. */
function bowl(tier: Tier, fill: string): UsherShape {
  const [inner, outer] = [tier.offset - 22, tier.offset + (tier.rows - 1) * ROW_PITCH + 26];
  return {
    kind: 'polygon',
    points: [...ring(inner, false), ...ring(outer, false).reverse()],
    fill,
    stroke: '#d5dae2',
  };
}

/** The part of the floor between two heights, as a polygon with the floor's round corners. */
function floorBetween(top: number, bottom: number, inset: number): [number, number][] {
  const edge = ring(-inset, true).filter(([, y]) => y > top && y < bottom);
  const halfWidthAt = (y: number): number => {
    const beyond = Math.max(Math.abs(y) - (HALF_HEIGHT - CORNER_RADIUS), 0);
    const radius = CORNER_RADIUS - inset;
    return HALF_WIDTH - CORNER_RADIUS + Math.sqrt(Math.max(radius * radius - beyond * beyond, 0));
  };
  const right = edge.filter(([x]) => x > 0);
  const left = edge.filter(([x]) => x <= 0);
  const [upper, lower] = [round(halfWidthAt(top)), round(halfWidthAt(bottom))];
  return [[upper, top], ...right, [lower, bottom], [-lower, bottom], ...left, [-upper, top]];
}

function standingAreas(): UsherArea[] {
  const look = { fill: '#fbeff0', stroke: '#e3b9bf' };
  return [
    {
      key: 'standing-front',
      name: 'Standing front',
      generalAdmission: true,
      capacity: 1_500,
      category: 'standing-front',
      shape: { kind: 'polygon', points: floorBetween(STAGE_FRONT + 50, 140, 20), ...look },
    },
    {
      key: 'standing',
      name: 'Standing',
      generalAdmission: true,
      capacity: 2_500,
      category: 'standing',
      shape: { kind: 'polygon', points: floorBetween(190, HALF_HEIGHT - 20, 20), ...look },
    },
  ];
}

function stageShapes(): UsherShape[] {
  const top = -HALF_HEIGHT - 60;
  return [
    {
      kind: 'polygon',
      points: [
        [-500, top],
        [500, top],
        [500, STAGE_FRONT - 40],
        [130, STAGE_FRONT - 40],
        [130, STAGE_FRONT],
        [-130, STAGE_FRONT],
        [-130, STAGE_FRONT - 40],
        [-500, STAGE_FRONT - 40],
      ],
      fill: '#2c3140',
      stroke: '#1d212c',
      role: 'stage',
    },
    {
      kind: 'text',
      x: 0,
      y: round((top + STAGE_FRONT) / 2),
      text: 'STAGE',
      size: 130,
      fill: '#eef1f6',
    },
  ];
}

/** An arena of about 16,000 places: two tiers of blocks round a floor with two standing areas. */
export function arenaPlan(): UsherDocument {
  const [lower, upper] = [tierBlocks(LOWER), tierBlocks(UPPER)];
  return {
    usher: 1,
    name: 'Arena',
    focalPoint: { x: 0, y: STAGE_FRONT },
    categories: [
      { key: 'standing-front', name: 'Standing front', color: '#b9314f' },
      { key: 'standing', name: 'Standing', color: '#d57a94' },
      { key: 'lower-front', name: 'Lower tier, front', color: '#7a4fa3' },
      { key: 'lower', name: 'Lower tier', color: '#2f6fb0' },
      { key: 'upper', name: 'Upper tier', color: '#2a9187' },
      { key: 'upper-far', name: 'Upper tier, far', color: '#86a03c' },
    ],
    sections: [...standingAreas(), ...lower.sections, ...upper.sections],
    shapes: [
      bowl(LOWER, '#f3f5f9'),
      bowl(UPPER, '#eceff5'),
      ...lower.shapes,
      ...upper.shapes,
      ...stageShapes(),
    ],
  };
}
