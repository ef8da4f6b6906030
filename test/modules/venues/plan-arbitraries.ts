import * as fc from 'fast-check';

type Path = (string | number)[];

function pathsOf(value: fc.JsonValue, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inside = Object.entries(value).flatMap(([key, child]) =>
    pathsOf(child as fc.JsonValue, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return [path, ...inside];
}

function replaceAt(
  value: fc.JsonValue,
  path: Path,
  replacement: fc.JsonValue | undefined,
): fc.JsonValue {
  const copy = structuredClone(value);
  let at = copy as Record<string | number, fc.JsonValue>;
  for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, fc.JsonValue>;
  const last = path.at(-1);
  if (last === undefined) return replacement ?? null;
  if (replacement === undefined && !Array.isArray(at)) Reflect.deleteProperty(at, last);
  else at[last] = replacement ?? null;
  return copy;
}

const nasty: fc.Arbitrary<fc.JsonValue | undefined> = fc.oneof(
  fc.constantFrom<fc.JsonValue | undefined>(
    undefined,
    null,
    '',
    'a\0',
    '\ud800',
    -1,
    0,
    1e6,
    1e7,
    1.5,
    true,
    [],
    {},
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

/** A document with one value of it, anywhere, replaced by something else, or left out. */
export function spoiled(document: fc.JsonValue): fc.Arbitrary<fc.JsonValue> {
  const paths = pathsOf(document);
  return fc
    .tuple(fc.constantFrom(...paths), nasty)
    .map(([path, value]) => replaceAt(document, path, value));
}

const coordinate = fc.oneof(
  fc.integer({ min: -500, max: 500 }),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
);
const fewNames = fc.constantFrom('A', 'B', 'A (2)', '1', 'Stalls', 'Standing', 'Bühne', '一');
const size = fc.record({
  width: fc.double({ min: 0.01, max: 2_000, noNaN: true }),
  height: fc.integer({ min: 1, max: 2_000 }),
});

const usherSeat = fc.record(
  {
    number: fewNames,
    x: coordinate,
    y: coordinate,
    accessible: fc.boolean(),
    companion: fc.boolean(),
    category: fc.constantFrom('a', 'b'),
  },
  { requiredKeys: ['number', 'x', 'y'] },
);
const usherRow = fc.record({
  name: fewNames,
  seats: fc.array(usherSeat, { minLength: 1, maxLength: 6 }),
});
const usherTable = fc.record(
  {
    name: fewNames,
    wholeTable: fc.boolean(),
    seats: fc.array(usherSeat, { minLength: 1, maxLength: 6 }),
  },
  { requiredKeys: ['name', 'seats'] },
);
const areaShape = fc.oneof(
  fc.record({
    kind: fc.constant('rectangle'),
    x: coordinate,
    y: coordinate,
    width: fc.integer({ min: 1, max: 400 }),
    height: fc.integer({ min: 1, max: 400 }),
    rotation: fc.integer({ min: -360, max: 360 }),
  }),
  fc.record({
    kind: fc.constant('polygon'),
    points: fc.array(fc.tuple(coordinate, coordinate), { minLength: 3, maxLength: 7 }),
  }),
);
const usherSection = fc.oneof(
  fc.record({
    name: fewNames,
    category: fc.constant('a'),
    rows: fc.array(usherRow, { minLength: 1, maxLength: 5 }),
  }),
  fc.record(
    {
      name: fewNames,
      category: fc.constant('a'),
      rows: fc.array(usherRow, { minLength: 1, maxLength: 2 }),
      tables: fc.array(usherTable, { minLength: 1, maxLength: 4 }),
    },
    { requiredKeys: ['name', 'category', 'tables'] },
  ),
  fc.record(
    {
      name: fewNames,
      category: fc.constant('b'),
      generalAdmission: fc.constant(true),
      capacity: fc.integer({ min: 1, max: 60 }),
      shape: areaShape,
    },
    { requiredKeys: ['name', 'category', 'generalAdmission', 'capacity'] },
  ),
);

/** Plans of the USHER format that are to be accepted with RENAME. */
export const usherDocuments = fc
  .record(
    {
      name: fewNames,
      size,
      sections: fc.array(usherSection, { minLength: 1, maxLength: 4 }),
      shapes: fc.array(areaShape, { maxLength: 3 }),
    },
    { requiredKeys: ['name', 'sections'] },
  )
  .map(({ sections, ...rest }) => ({
    usher: 1,
    ...rest,
    categories: [
      { key: 'a', name: 'A' },
      { key: 'b', name: 'A' },
    ],
    sections: sections.map((section, i) => ({ key: `s${i}`, ...section })),
  }));

const smallCoordinate = fc.oneof(
  fc.integer({ min: -500, max: 500 }),
  fc.double({ min: -3e5, max: 3e5, noNaN: true }),
);
const position = fc.record({ x: smallCoordinate, y: smallCoordinate });
const pretixSeat = fc.record(
  {
    seat_guid: fc.constantFrom('g1', 'g2', 'g3'),
    seat_number: fc.oneof(fewNames, fc.constant('')),
    position,
    category: fc.constantFrom('A', 'Rollstuhl'),
    wheelchair: fc.boolean(),
    extra: fc.integer(),
  },
  { requiredKeys: ['seat_guid', 'seat_number', 'position', 'category'] },
);
const pretixRow = fc.record(
  {
    row_number: fc.oneof(fewNames, fc.constant('')),
    position,
    seats: fc.array(pretixSeat, { minLength: 1, maxLength: 5 }),
    row_label: fewNames,
  },
  { requiredKeys: ['seats'] },
);
const pretixZone = fc.record(
  { name: fewNames, position, rows: fc.array(pretixRow, { minLength: 1, maxLength: 4 }) },
  { requiredKeys: ['position', 'rows'] },
);

/** Plans of the pretix format, as bent as real ones, that are to be accepted with RENAME. */
export const pretixDocuments = fc.record(
  {
    name: fewNames,
    size,
    categories: fc.constant([{ name: 'A', color: '#fff' }, { name: 'Rollstuhl' }, { name: 'A' }]),
    zones: fc.array(pretixZone, { minLength: 1, maxLength: 4 }),
    standing: fc.record({ name: fewNames, capacity: fc.integer({ min: 0, max: 40 }) }),
  },
  { requiredKeys: ['name', 'categories', 'zones'] },
);

/** Small enough for three floors, one below the other, to stay within a plan. */
const seatsioCoordinate = fc.oneof(
  fc.integer({ min: -500, max: 500 }),
  fc.double({ min: -5e4, max: 5e4, noNaN: true }),
);
const point = fc.record({ x: seatsioCoordinate, y: seatsioCoordinate });
const label = fc.oneof(fewNames, fc.constantFrom('T1', 'GA1'), fc.integer({ min: 1, max: 3 }));
const categoryKey = fc.constantFrom(1, '1', 'b');
const seatsioSeat = fc.record(
  {
    x: seatsioCoordinate,
    y: seatsioCoordinate,
    label,
    categoryKey,
    accessible: fc.boolean(),
    companionSeat: fc.boolean(),
    restrictedView: fc.boolean(),
    displayLabel: fc.oneof(fewNames, fc.constant(null)),
  },
  { requiredKeys: ['x', 'y', 'label', 'categoryKey'] },
);
const seatsioRow = fc.record(
  { label, seats: fc.array(seatsioSeat, { maxLength: 5 }), sectionLabel: fewNames },
  { requiredKeys: ['label', 'seats'] },
);
const seatsioTable = fc.record(
  {
    label,
    seats: fc.array(seatsioSeat, { maxLength: 5 }),
    bookAsAWhole: fc.boolean(),
    center: point,
    radius: fc.integer({ min: 0, max: 40 }),
    width: fc.integer({ min: 0, max: 40 }),
    height: fc.integer({ min: 0, max: 40 }),
    rotationAngle: fc.integer({ min: -400, max: 400 }),
  },
  { requiredKeys: ['label', 'seats'] },
);
const seatsioOutline = {
  type: fc.constantFrom('rectangle', 'circle', 'polygon', 'other'),
  center: point,
  width: fc.integer({ min: 0, max: 300 }),
  height: fc.integer({ min: 0, max: 300 }),
  radius1: fc.integer({ min: 0, max: 200 }),
  radius2: fc.integer({ min: 0, max: 200 }),
  rotationAngle: fc.integer({ min: -400, max: 400 }),
  points: fc.array(point, { maxLength: 6 }),
};
const seatsioArea = fc.record({
  label,
  categoryKey,
  capacity: fc.integer({ min: 0, max: 40 }),
  ...seatsioOutline,
});
const seatsioObjects = {
  tables: fc.array(seatsioTable, { maxLength: 3 }),
  booths: fc.array(fc.record({ label, categoryKey, center: point }), { maxLength: 2 }),
  generalAdmissionAreas: fc.array(seatsioArea, { maxLength: 2 }),
  shapes: fc.array(fc.record({ label: fewNames, ...seatsioOutline }), { maxLength: 2 }),
  texts: fc.array(fc.record({ text: fewNames, center: point }), { maxLength: 2 }),
};
const seatsioBlock = fc.record(
  { rows: fc.array(seatsioRow, { maxLength: 4 }), ...seatsioObjects },
  { requiredKeys: [] },
);
const seatsioSection = fc.record(
  {
    label,
    categoryKey,
    points: fc.array(point, { maxLength: 5 }),
    topLeft: point,
    subChart: seatsioBlock,
  },
  { requiredKeys: ['label'] },
);
/** Each has one row at least, so that there is something to sell. */
const seatsioFloor = fc.record(
  {
    rows: fc.array(
      fc.record({ label, seats: fc.array(seatsioSeat, { minLength: 1, maxLength: 5 }) }),
      { minLength: 1, maxLength: 3 },
    ),
    sections: fc.array(seatsioSection, { maxLength: 3 }),
    focalPoint: fc.oneof(point, fc.constant(null)),
    floorName: fewNames,
    ...seatsioObjects,
  },
  { requiredKeys: ['rows'] },
);

/** Charts of the seats.io designer that are to be accepted with RENAME. */
export const seatsioDocuments = fc
  .record({
    name: fewNames,
    floors: fc.oneof(
      seatsioFloor.map((floor) => ({ subChart: floor })),
      fc.array(seatsioFloor, { minLength: 1, maxLength: 3 }).map((floors) => ({
        subChartFloors: floors,
      })),
    ),
  })
  .map(({ name, floors }) => ({
    name,
    ...floors,
    categories: {
      list: [
        { key: 1, label: 'A', color: '#123456' },
        { key: 'b', label: 'A', accessible: true },
      ],
    },
  }));
