import type {
  UsherDocument,
  UsherRow,
  UsherShape,
} from '../../modules/venues/importers/usher-schema';
import { numberSeats, ROW_PITCH, rowLetter, SEAT_PITCH } from './rows';

const AISLE_WIDTH = 50;
const MARGIN = 60;
const STAGE_HEIGHT = 70;
const FIRST_ROW_Y = MARGIN + STAGE_HEIGHT + 80;

interface Hall {
  name: string;
  section: { key: string; name: string };
  rows: number;
  /** Seats of one row, aisle by aisle. */
  blocks: number[];
  category: { key: string; name: string; color: string };
  front: string;
  /** How many places at the outer ends of the last row are for wheelchairs. */
  wheelchairs: number;
}

function hallRow(hall: Hall, row: number): UsherRow {
  const seats: { x: number; y: number; accessible: boolean }[] = [];
  let x = MARGIN;
  for (const count of hall.blocks) {
    for (let i = 0; i < count; i += 1) {
      seats.push({ x, y: FIRST_ROW_Y + row * ROW_PITCH, accessible: false });
      x += SEAT_PITCH;
    }
    x += AISLE_WIDTH - SEAT_PITCH;
  }
  if (row === hall.rows - 1) {
    for (let i = 0; i < hall.wheelchairs; i += 1) {
      const seat = seats.at(i % 2 === 0 ? i / 2 : -(i + 1) / 2);
      if (seat) seat.accessible = true;
    }
  }
  return { name: rowLetter(row), seats: numberSeats(seats) };
}

function stageAcross(width: number, text: string): UsherShape[] {
  const [stageWidth, middle] = [Math.max(width, 160), MARGIN + width / 2];
  return [
    {
      kind: 'rectangle',
      x: middle - stageWidth / 2,
      y: MARGIN,
      width: stageWidth,
      height: STAGE_HEIGHT,
      fill: '#343b4a',
      stroke: '#232834',
      role: 'stage',
    },
    { kind: 'text', x: middle, y: MARGIN + STAGE_HEIGHT / 2, text, size: 22, fill: '#eef1f6' },
  ];
}

/** A level hall: straight rows before a stage. */
function hallPlan(hall: Hall): UsherDocument {
  const seatsAcross = hall.blocks.reduce((sum, count) => sum + count, 0);
  const width =
    (seatsAcross - hall.blocks.length) * SEAT_PITCH + (hall.blocks.length - 1) * AISLE_WIDTH;
  const rows = Array.from({ length: hall.rows }, (_, row) => hallRow(hall, row));
  return {
    usher: 1,
    name: hall.name,
    categories: [hall.category],
    sections: [{ ...hall.section, rows }],
    shapes: stageAcross(width, hall.front),
  };
}

/** Two seats: what a race for the last ones is tried on. */
export function limitedPlan(): UsherDocument {
  return hallPlan({
    name: 'Studio',
    section: { key: 'front-row', name: 'Front row' },
    rows: 1,
    blocks: [2],
    category: { key: 'standard', name: 'Standard', color: '#b0413e' },
    front: 'STAGE',
    wheelchairs: 0,
  });
}

/** 100 seats: ten rows of ten with an aisle in the middle. */
export function conferencePlan(): UsherDocument {
  return hallPlan({
    name: 'Conference hall',
    section: { key: 'hall', name: 'Hall' },
    rows: 10,
    blocks: [5, 5],
    category: { key: 'standard', name: 'Standard', color: '#2f6fb0' },
    front: 'STAGE',
    wheelchairs: 2,
  });
}

/** 50 seats. */
export function summitPlan(): UsherDocument {
  return hallPlan({
    name: 'Summit room',
    section: { key: 'room', name: 'Room' },
    rows: 5,
    blocks: [5, 5],
    category: { key: 'delegate', name: 'Delegate', color: '#4f6d5a' },
    front: 'PODIUM',
    wheelchairs: 2,
  });
}

/** 30 seats. */
export function galleryPlan(): UsherDocument {
  return hallPlan({
    name: 'Gallery',
    section: { key: 'gallery', name: 'Gallery' },
    rows: 5,
    blocks: [6],
    category: { key: 'standard', name: 'Standard', color: '#8a5a83' },
    front: 'LECTERN',
    wheelchairs: 1,
  });
}

/** 200 places of general admission in one field. */
export function festivalPlan(): UsherDocument {
  return {
    usher: 1,
    name: 'Festival field',
    categories: [{ key: 'general', name: 'General admission', color: '#3d8b6e' }],
    sections: [
      {
        key: 'field',
        name: 'Field',
        generalAdmission: true,
        capacity: 200,
        category: 'general',
        shape: {
          kind: 'ellipse',
          x: 350,
          y: 400,
          radiusX: 290,
          radiusY: 210,
          fill: '#eef5e9',
          stroke: '#bfd3b2',
        },
      },
    ],
    shapes: stageAcross(580, 'STAGE'),
  };
}
