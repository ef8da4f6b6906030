import { outlineOf, spreadPlaces } from '../../../src/modules/venues/plan-shapes.rules';
import type { OutlineShape } from '../../../src/modules/venues/seating-plan.rules';

const different = (points: { x: number; y: number }[]) =>
  new Set(points.map(({ x, y }) => `${x},${y}`)).size;

describe('places of an area', () => {
  const shapes: [string, OutlineShape][] = [
    ['rectangle', { kind: 'rectangle', x: 0, y: 0, width: 300, height: 100, rotation: 0 }],
    ['turned rectangle', { kind: 'rectangle', x: 0, y: 0, width: 300, height: 100, rotation: 33 }],
    ['ellipse', { kind: 'ellipse', x: 50, y: 50, radiusX: 200, radiusY: 90, rotation: 10 }],
    [
      'horseshoe',
      {
        kind: 'polygon',
        points: [
          [0, 0],
          [50, 0],
          [50, 200],
          [150, 200],
          [150, 0],
          [200, 0],
          [200, 300],
          [0, 300],
        ],
      },
    ],
  ];
  it.each(shapes)('are all different in a %s', (_, shape) => {
    for (const count of [1, 2, 17, 200, 5_000]) {
      const places = spreadPlaces(shape, count);
      expect(places).toHaveLength(count);
      expect(different(places)).toBe(count);
    }
  });

  it('keep out of the notch of a horseshoe', () => {
    const [, horseshoe] = shapes[3] ?? [];
    if (!horseshoe) throw new Error('there is a horseshoe');
    const inNotch = spreadPlaces(horseshoe, 500).filter(({ x, y }) => x > 50 && x < 150 && y < 200);
    expect(inNotch).toEqual([]);
  });

  it('exist in areas that have no area', () => {
    const line: OutlineShape = {
      kind: 'polygon',
      points: [
        [0, 0],
        [1e6, 1e6],
        [2, 2],
      ],
    };
    const dot: OutlineShape = {
      kind: 'polygon',
      points: [
        [5, 5],
        [5, 5],
        [5, 5],
      ],
    };
    expect(spreadPlaces(line, 1_000)).toHaveLength(1_000);
    expect(spreadPlaces(dot, 2)).toEqual([
      { x: 5, y: 5 },
      { x: 5, y: 5 },
    ]);
  });
});

it('turns clockwise on a screen, about the corner', () => {
  const [, right] = outlineOf({
    kind: 'rectangle',
    x: 10,
    y: 10,
    width: 20,
    height: 5,
    rotation: 90,
  });
  expect(right?.x).toBeCloseTo(10);
  expect(right?.y).toBeCloseTo(30);
});
