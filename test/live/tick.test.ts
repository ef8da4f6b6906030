import { assert, double, property } from 'fast-check';
import { Pace, tickMsAt } from '../../src/live/tick';

describe('the tick', () => {
  it.each([
    [0, 25],
    [0.5, 25],
    [0.8, 50],
    [1, 250],
  ])('of a process that is busy for %d of its time is %d ms', (utilization, ms) => {
    expect(tickMsAt(utilization)).toBe(ms);
  });

  it('grows with the load, and has an end', () => {
    const share = double({ min: 0, max: 1, noNaN: true });
    assert(
      property(share, share, (a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)].map(tickMsAt) as [number, number];
        expect(less).toBeLessThanOrEqual(more);
        expect(less).toBeGreaterThanOrEqual(25);
        expect(more).toBeLessThanOrEqual(250);
      }),
    );
  });

  it('of this process is one of these', () => {
    const ms = new Pace().tickMs();
    expect(ms).toBeGreaterThanOrEqual(25);
    expect(ms).toBeLessThanOrEqual(250);
  });
});
