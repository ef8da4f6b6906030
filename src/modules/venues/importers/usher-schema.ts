import { z } from 'zod';
import { PLAN_LIMITS } from '../seating-plan.rules';

const {
  coordinate,
  nameLength,
  places,
  shapes,
  sections,
  categories,
  polygonPoints,
  areaPolygonPoints,
} = PLAN_LIMITS;

/** Counted in characters (code points), as JSON Schema does; no control characters, no half surrogates. */
const name = z
  .string()
  .regex(new RegExp(String.raw`^(?=.*\S)[^\p{Cc}\p{Cs}]{1,${nameLength}}$`, 'u'), {
    error: `must have 1 to ${nameLength} characters, no control characters, and more than spaces`,
  });
const key = z
  .string()
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, {
    error: 'must be lower-case letters and digits, joined by single hyphens',
  })
  .max(60);
const ordinate = z.number().min(-coordinate).max(coordinate);
const length = z.number().min(0.01).max(coordinate);
const color = z.string().regex(/^#[0-9a-fA-F]{6}$/, { error: 'must be a colour like #1d3557' });
const point = z.tuple([ordinate, ordinate]);
const rotation = ordinate.optional().describe('Degrees clockwise, about (x, y). Absent: 0.');

export const seatSchema = z
  .strictObject({
    number: name.describe('As it is written on the seat; unique in its row.'),
    x: ordinate.describe("The seat's centre. Seats of a row stand some 25 units apart."),
    y: ordinate,
    category: key.optional().describe("A category's key. Absent: the row's, else the section's."),
    accessible: z.boolean().optional().describe('A place for a wheelchair user. Absent: false.'),
    companion: z
      .boolean()
      .optional()
      .describe('Meant for whoever comes along with a wheelchair user. Absent: false.'),
  })
  .meta({ id: 'seat' });

/** Each level comes twice: without what it contains, to be checked on its own, and whole, to be printed. */
const rowHead = {
  name: name.describe(
    'As it is written at the row; several rows of one name are pieces of one row.',
  ),
  category: key.optional(),
};
export const rowHeadSchema = z.strictObject({ ...rowHead, seats: z.array(z.unknown()).min(1) });
const rowSchema = z
  .strictObject({
    ...rowHead,
    seats: z.array(seatSchema).min(1).describe('In order along the row.'),
  })
  .meta({ id: 'row' });

const tableHead = {
  name: name.describe('As it is written on the table; unique in its section.'),
  category: key.optional(),
  wholeTable: z
    .boolean()
    .optional()
    .describe('True: its seats are sold together or not at all. Absent: false.'),
};
export const tableHeadSchema = z.strictObject({ ...tableHead, seats: z.array(z.unknown()).min(1) });
const tableSchema = z
  .strictObject({
    ...tableHead,
    seats: z.array(seatSchema).min(1).describe('In order around the table.'),
  })
  .meta({ id: 'table' });

const rectangle = {
  kind: z.literal('rectangle'),
  x: ordinate,
  y: ordinate,
  width: length,
  height: length,
  rotation,
};
const ellipse = {
  kind: z.literal('ellipse'),
  x: ordinate,
  y: ordinate,
  radiusX: length,
  radiusY: length,
  rotation,
};
const polygonOf = (pointsMax: number) => ({
  kind: z.literal('polygon'),
  points: z.array(point).min(3).max(pointsMax),
});
const text = {
  kind: z.literal('text'),
  x: ordinate,
  y: ordinate,
  text: name,
  size: z.number().min(0.01).max(1_000),
  rotation,
};
const look = { fill: color.optional(), stroke: color.optional() };
const drawnLook = {
  ...look,
  role: z
    .enum(['stage', 'decoration'])
    .optional()
    .describe('The stage is what the audience looks at.'),
};
export const areaShapeSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ ...rectangle, ...look }),
    z.strictObject({ ...ellipse, ...look }),
    z.strictObject({ ...polygonOf(areaPolygonPoints), ...look }),
  ])
  .meta({ id: 'areaShape' });
export const shapeSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ ...rectangle, ...drawnLook }),
    z.strictObject({ ...ellipse, ...drawnLook }),
    z.strictObject({ ...polygonOf(polygonPoints), ...drawnLook }),
    z.strictObject({ ...text, ...drawnLook }),
  ])
  .meta({ id: 'shape' });

const sectionHead = { key, name, category: key.optional() };
const template = name.regex(/%s/, { error: 'must contain %s, which stands for the name' });
const seated = {
  ...sectionHead,
  generalAdmission: z.literal(false).optional(),
  rowLabel: template.optional().describe('How a row is called in labels. Absent: "Row %s".'),
  tableLabel: template.optional().describe('How a table is called in labels. Absent: "Table %s".'),
  seatLabel: template.optional().describe('How a seat is called in labels. Absent: "Seat %s".'),
};
const unread = z.array(z.unknown()).min(1);
export const sectionHeadSchema = z.strictObject({
  ...seated,
  rows: unread,
  tables: unread.optional(),
});
export const tableSectionHeadSchema = z.strictObject({ ...seated, tables: unread });
const tables = z.array(tableSchema).min(1);
const sectionSchema = z
  .strictObject({ ...seated, rows: z.array(rowSchema).min(1), tables: tables.optional() })
  .meta({ id: 'section' });
const tableSectionSchema = z.strictObject({ ...seated, tables }).meta({ id: 'tableSection' });
export const areaSchema = z
  .strictObject({
    ...sectionHead,
    generalAdmission: z.literal(true),
    capacity: z.int().min(1).max(places).describe('Places that can be sold.'),
    shape: areaShapeSchema.optional().describe('Where the area is. Absent: below everything else.'),
  })
  .meta({ id: 'area' });

export const categorySchema = z
  .strictObject({ key, name, color: color.optional() })
  .meta({ id: 'category' });

const documentHead = {
  usher: z.literal(1).describe('The version of this format.'),
  name,
  size: z
    .strictObject({ width: length, height: length })
    .optional()
    .describe('Absent: taken from what is drawn.'),
  focalPoint: z
    .strictObject({ x: ordinate, y: ordinate })
    .optional()
    .describe('Where the audience looks. Absent: the middle of the stage, if a shape is one.'),
};
export const documentHeadSchema = z.strictObject({
  ...documentHead,
  categories: z.array(z.unknown()).min(1).max(categories),
  sections: z.array(z.unknown()).min(1).max(sections),
  shapes: z.array(z.unknown()).max(shapes).optional(),
});
export const documentSchema = z
  .strictObject({
    ...documentHead,
    categories: z.array(categorySchema).min(1).max(categories),
    sections: z
      .array(z.union([sectionSchema, tableSectionSchema, areaSchema]))
      .min(1)
      .max(sections),
    shapes: z.array(shapeSchema).max(shapes).optional(),
  })
  .meta({
    title: 'Usher seating plan',
    description:
      'A seating plan in the USHER format, version 1; explained in docs/seating-plan-format.md.',
  });

export type UsherDocument = z.input<typeof documentSchema>;
export type UsherSection = z.input<typeof sectionSchema>;
export type UsherArea = z.input<typeof areaSchema>;
export type UsherRow = z.input<typeof rowSchema>;
export type UsherSeat = z.input<typeof seatSchema>;
export type UsherShape = z.input<typeof shapeSchema>;
export type UsherAreaShape = z.input<typeof areaShapeSchema>;

/** The text of schema/seating-plan.schema.json. */
export function printPlanSchema(): string {
  const schema = z.toJSONSchema(documentSchema, { target: 'draft-2020-12', io: 'input' });
  return `${JSON.stringify(schema, null, 2)}\n`;
}
