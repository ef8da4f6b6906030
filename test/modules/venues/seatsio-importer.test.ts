import { geometryJson, parseGeometry } from '../../../src/modules/venues/geometry';
import { itWithPlan } from './real-plans';
import { area, chart, importChart, refusal, row, seat, seats } from './seatsio-charts';

describe('a seats.io chart', () => {
  it('is read by rows, with its own positions and focal point', () => {
    const { model, warnings } = importChart(
      chart({
        width: 100,
        height: 80,
        rows: [row('A', seats(2)), row('B', seats(1, { y: 20 }))],
        focalPoint: { x: 30, y: 5 },
      }),
    );
    expect(warnings).toEqual([]);
    expect(model).toMatchObject({
      size: { width: 100, height: 80 },
      focalPoint: { x: 30, y: 5 },
      categories: [
        { key: 'best', name: 'Best', color: '#87A9CD' },
        { key: 'other', name: 'Other', color: null },
      ],
      sections: [{ key: 'hall', name: 'Hall', generalAdmission: false }],
      tables: [],
      companions: [],
    });
    expect(model.seats).toMatchObject({
      label: ['Hall, Row A, Seat 1', 'Hall, Row A, Seat 2', 'Hall, Row B, Seat 1'],
      x: [0, 20, 0],
      category: [0, 0, 0],
    });
  });

  it('finds categories by number or text, or by label, and from the seat outwards', () => {
    const bare = { categoryKey: null };
    const { model } = importChart(
      chart({
        rows: [
          row('A', [
            seat('1', 0, { categoryKey: '1' }),
            seat('2', 20, { categoryKey: 'string-2' }),
            seat('3', 40, { ...bare, categoryLabel: 'Other' }),
          ]),
          row('B', [seat('1', 0, bare), seat('2', 20)], { categoryKey: 'string-2' }),
        ],
        sections: [
          {
            label: 'Side',
            categoryKey: 'string-2',
            topLeft: { x: 100, y: 0 },
            subChart: { rows: [row('A', [seat('1', 5, bare)])] },
          },
        ],
      }),
    );
    expect(model.seats.category).toEqual([0, 1, 1, 1, 0, 1]);
    // A category may be the one for wheelchair users.
    expect(model.seats.accessible).toEqual([0, 1, 1, 1, 0, 1]);
  });

  it('places sections by their corner, and draws their outlines', () => {
    const points = [
      { x: 100, y: 50 },
      { x: 200, y: 50 },
      { x: 200, y: 90 },
    ];
    const { model, warnings } = importChart(
      chart({
        width: 300,
        height: 100,
        sections: [
          {
            label: 'Balcony',
            points,
            topLeft: { x: 100, y: 50 },
            subChart: {
              rows: [row('A', [seat('1', 5.5)])],
              generalAdmissionAreas: [area('Pit', { center: { x: 30, y: 20 } })],
            },
          },
          { label: 'Ghost', points, topLeft: { x: 0, y: 0 }, subChart: { rows: [] } },
        ],
      }),
    );
    expect(model.sections).toMatchObject([
      { name: 'Balcony' },
      { name: 'Balcony, Pit', generalAdmission: true },
    ]);
    expect([model.seats.x[0], model.seats.y[0]]).toEqual([105.5, 50]);
    expect(model.shapes[0]).toMatchObject({
      kind: 'ellipse',
      x: 130,
      y: 70,
      role: 'area',
      section: 1,
    });
    expect(model.shapes[1]).toMatchObject({
      kind: 'polygon',
      points: [
        [100, 50],
        [200, 50],
        [200, 90],
      ],
      role: 'decoration',
    });
    expect(warnings).toEqual(['Drawn and not sold, for want of places (1 object): Ghost.']);
  });

  it('stacks floors, so that none hides another', () => {
    const floor = (name: string) => ({
      floorName: name,
      floorDisplayName: `Floor ${name}`,
      rows: [row('A', seats(2))],
      sections: [{ label: `S${name}`, subChart: { rows: [row('A', seats(1))] } }],
      focalPoint: name === '2' ? { x: 7, y: 8 } : null,
    });
    const { model, warnings } = importChart(
      chart({}, { subChart: undefined, subChartFloors: [floor('1'), floor('2')] }),
    );
    expect(model.sections.map(({ name }) => name)).toEqual(['Floor 1', 'S1', 'Floor 2', 'S2']);
    expect(model.seats.label[3]).toBe('Floor 2, Row A, Seat 1');
    const [upper, lower] = [model.seats.y[0] ?? 0, model.seats.y[3] ?? 0];
    expect(lower - upper).toBe(90);
    expect(model.focalPoint?.y).toBe(lower + 8);
    const captions = model.shapes.filter((shape) => shape.kind === 'text');
    expect(captions).toMatchObject([{ text: 'Floor 1' }, { text: 'Floor 2' }]);
    expect(warnings[0]).toBe('The floors were drawn one below the other.');
  });

  it('seats tables round their name, some of which go as a whole', () => {
    const table = (label: string, count: number, more: object = {}) => ({
      label,
      seats: seats(count),
      center: { x: 30, y: 30 },
      radius: 10,
      ...more,
    });
    const box = { radius: undefined, width: 20, height: 10, rotationAngle: 90 };
    const { model } = importChart(
      chart({
        width: 100,
        height: 100,
        rows: [row('T1', seats(1, { y: 90 }))],
        tables: [
          table('T1', 3),
          table('T2', 2, { ...box, bookAsAWhole: true, seats: seats(2, { y: 50 }) }),
        ],
      }),
    );
    expect(model.tables).toEqual([
      { name: 'T1 (2)', section: 0, firstNo: 1, seatCount: 3, wholeTable: false },
      { name: 'T2', section: 0, firstNo: 4, seatCount: 2, wholeTable: true },
    ]);
    expect(model.seats.label.slice(3)).toEqual([
      'Hall, Table T1 (2), Seat 3',
      'Hall, Table T2, Seat 1',
      'Hall, Table T2, Seat 2',
    ]);
    const [disc, , board] = model.shapes;
    expect(disc).toMatchObject({ kind: 'ellipse', x: 30, y: 30, radiusX: 10, radiusY: 10 });
    // Turned about its centre: the corner at 20, 25 goes to 35, 20.
    expect(board).toMatchObject({ kind: 'rectangle', x: 35, y: 20, width: 20, height: 10 });

    const layout = parseGeometry(geometryJson('plan', model));
    expect(layout.tables).toEqual(model.tables);
    expect(Array.from({ length: 8 }, (_, no) => layout.wholeTableOf(no - 1)?.name)).toEqual([
      ...Array<undefined>(5).fill(undefined),
      'T2',
      'T2',
      undefined,
    ]);
  });

  it('knows accessible seats and those beside them', () => {
    const { model } = importChart(
      chart({
        rows: [
          row('A', [seat('1', 0, { accessible: true }), seat('2', 20, { companionSeat: true })]),
        ],
      }),
    );
    expect(model.seats.accessible).toEqual([1, 0]);
    expect(model.companions).toEqual([1]);
    expect([...parseGeometry(geometryJson('plan', model)).companion]).toEqual([0, 1]);
  });

  it('has booths as places of their own', () => {
    const booth = { label: '7', categoryKey: 1, center: { x: 40, y: 40 }, width: 20, height: 20 };
    const { model } = importChart(chart({ width: 90, height: 90, booths: [booth] }));
    expect(model.seats).toMatchObject({ label: ['Hall, Booth 7, Place 1'], x: [40], y: [40] });
    expect(model.shapes).toMatchObject([{ kind: 'rectangle', x: 30, y: 30 }]);
  });

  it('draws shapes and texts, and finds the stage', () => {
    const { model, warnings } = importChart(
      chart({
        width: 200,
        height: 200,
        rows: [row('A', seats(1))],
        shapes: [
          {
            type: 'rectangle',
            smartType: 'stage',
            center: { x: 100, y: 50 },
            width: 80,
            height: 20,
            rotationAngle: 0,
            fillColor: '#D0D1D2',
            strokeColor: 'javascript:x()',
            label: 'Main',
          },
          { type: 'polyline', points: [{ x: 0, y: 0 }] },
        ],
        texts: [{ text: 'Bar', centerX: 50, centerY: 20, fontSize: 12, textColor: '#000' }],
      }),
    );
    const look = { rotation: 0, stroke: null };
    expect(model.shapes).toEqual([
      {
        kind: 'rectangle',
        x: 60,
        y: 40,
        width: 80,
        height: 20,
        ...look,
        fill: '#D0D1D2',
        role: 'stage',
      },
      {
        kind: 'text',
        x: 100,
        y: 50,
        text: 'Main',
        size: 16,
        ...look,
        fill: '#333333',
        role: 'stage',
      },
      {
        kind: 'text',
        x: 50,
        y: 20,
        text: 'Bar',
        size: 12,
        ...look,
        fill: '#000',
        role: 'decoration',
      },
    ]);
    expect(model.focalPoint).toEqual({ x: 100, y: 50 });
    expect(warnings).toEqual(['Shapes that enclose nothing were left out: "polyline".']);
  });

  it('says what a plan cannot hold', () => {
    const whole = {
      label: 'T',
      seats: seats(2, { y: 50 }),
      bookAsAWhole: true,
      variableOccupancy: true,
    };
    const { warnings } = importChart(
      chart({
        rows: [row('A', seats(2, { restrictedView: true })), row('B', [])],
        tables: [whole],
        generalAdmissionAreas: [area('Pit', { bookAsAWhole: true }), area('None', { capacity: 0 })],
        icons: [{}, {}],
      }),
    );
    const told = warnings.join('\n');
    for (const words of [
      'With a restricted view, which a plan does not say (2 objects): Row A, Seat 1, Row A, Seat 2.',
      'Left out, for want of seats (1 object): Row B.',
      'sold with all seats here (1 object): Table T.',
      'sold by the place here (1 object): Area Pit.',
      'Left out, for a capacity of 0 (1 object): Area None.',
      'the chart (2 icons)',
    ]) {
      expect(told).toContain(words);
    }
  });
});

describe('the sample charts', () => {
  itWithPlan('seatsio/sampleChart.json', 'has 32 seats and two areas of 100', (document) => {
    const { model, warnings } = importChart(document);
    expect(warnings).toEqual([]);
    expect(model.sections.map(({ name }) => name)).toEqual(['Hall', 'GA1', 'GA2']);
    const places = [0, 1, 2].map(
      (index) => model.seats.section.filter((of) => of === index).length,
    );
    expect(places).toEqual([32, 100, 100]);
    expect(new Set(model.seats.row.slice(0, 32))).toEqual(new Set(['A', 'B', 'C', 'D']));
    expect(model.focalPoint).toEqual({ x: 225, y: 33.23 });
    expect(model.shapes.filter(({ role }) => role === 'stage')).toHaveLength(2);
    // The third has a text for a key, and no seats.
    expect(model.categories).toHaveLength(3);
    expect([model.seats.x[0], model.seats.y[0]]).toEqual([151.94, 99.56]);
  });

  itWithPlan(
    'seatsio/sampleChartWithSections.json',
    'has 71 seats in 13 rows of two sections',
    (document) => {
      const { model, warnings } = importChart(document);
      expect(warnings).toEqual([]);
      const { sections } = parseGeometry(geometryJson('plan', model));
      expect(sections.map(({ name, seatCount, rows }) => [name, seatCount, rows.length])).toEqual([
        ['Section A', 36, 6],
        ['Section B', 35, 7],
      ]);
      // Seats have no category of their own: it is their section's.
      expect(new Set(model.seats.category.slice(36))).toEqual(new Set([1]));
      expect([model.seats.x[36], model.seats.y[36]]).toEqual([206.19, 45.25]);
    },
  );

  itWithPlan(
    'seatsio/sampleChartWithTables.json',
    'has 12 seats at two round tables, one of which goes as a whole',
    (document) => {
      const { model, warnings } = importChart(document);
      expect(model.seats.label).toHaveLength(12);
      expect(model.tables).toEqual([
        { name: 'T1', section: 0, firstNo: 0, seatCount: 6, wholeTable: false },
        { name: 'T2', section: 0, firstNo: 6, seatCount: 6, wholeTable: true },
      ]);
      // Both tables stand on one spot in this chart.
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain('6 pairs of seats share a position');
    },
  );

  itWithPlan(
    'seatsio/sampleChartWithErrors.json',
    'is refused for all three of its faults',
    (document) => {
      expect(refusal(document)).toEqual([
        {
          path: 'document.subChart.rows[0].seats[1].label',
          message: '"1" is the label of document.subChart.rows[0].seats[0] already (Row A, Seat 1)',
        },
        {
          path: 'document.subChart.rows[0].seats[2].label',
          message: 'is missing: the seat has no label (Row A, Seat ?)',
        },
        {
          path: 'document.subChart.rows[0].seats[3].categoryKey',
          message:
            'is missing: the seat has no category, nor has what it stands in (Row A, Seat 4)',
        },
      ]);
    },
  );
});
