import { CHANGES_MAX, Watch, type LiveUpdate, type Watched } from '../../src/live/watch';

/** An event whose ticks come when the test says so. */
class QuietEvent implements Watched {
  readonly cursor = 'cursor';
  readonly watches = new Set<Watch>();
  ended = 0;
  ticks = 0;

  admit(admitted: Watch): void {
    this.watches.add(admitted);
  }

  dismiss(dismissed: Watch): void {
    this.watches.delete(dismissed);
    this.ended++;
  }

  scheduleTick(): void {
    this.ticks++;
  }
}

let event: QuietEvent;
let watch: Watch;
beforeEach(() => {
  event = new QuietEvent();
  watch = new Watch(event);
});
const next = async (of = watch): Promise<LiveUpdate> => {
  const result = await of.next();
  if (result.done) throw new Error('the watch has ended');
  return result.value;
};

describe('a watch', () => {
  it('begins with its first message, not with a tick that came before', async () => {
    const first = next();
    watch.mark([1]);
    watch.deliver();
    watch.markSnapshot();
    watch.open();
    expect(await first).toEqual({ cursor: 'cursor', snapshot: true, nos: [] });
  });

  it('begins with an empty message where nothing has changed since', async () => {
    watch.open();
    expect(await next()).toEqual({ cursor: 'cursor', snapshot: false, nos: [] });
  });

  it('tells very many changes as a whole map, and goes on with changes after it', async () => {
    watch.open();
    await next();
    watch.mark(Array.from({ length: CHANGES_MAX }, (_, no) => no));
    watch.deliver();
    expect((await next()).nos).toHaveLength(CHANGES_MAX);
    watch.mark(Array.from({ length: CHANGES_MAX + 1 }, (_, no) => no));
    watch.deliver();
    expect(await next()).toEqual({ cursor: 'cursor', snapshot: true, nos: [] });
    watch.mark([7]);
    watch.deliver();
    expect(await next()).toEqual({ cursor: 'cursor', snapshot: false, nos: [7] });
  });

  it('sends nothing where a tick brings nothing', async () => {
    watch.open();
    await next();
    const second = next();
    watch.deliver();
    watch.mark([2]);
    watch.deliver();
    expect((await second).nos).toEqual([2]);
  });

  it('keeps one mark a seat for a slow reader, however much happens', async () => {
    watch.open();
    await next();
    for (let tick = 0; tick < 1_000; tick++) {
      watch.mark([3, 1, 2]);
      watch.deliver();
    }
    expect((await next()).nos).toEqual([1, 2, 3]);
    const second = next();
    watch.mark([4]);
    watch.deliver();
    expect((await second).nos).toEqual([4]);
  });

  it('ends a reader that waits, and tells so once', async () => {
    watch.open();
    await next();
    const waiting = watch.next();
    await watch.return();
    await watch.return();
    watch.end();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await watch.next()).toEqual({ done: true, value: undefined });
    expect(event.ended).toBe(1);
  });

  it('forks into one that begins with the whole map, and leaves this one alone', async () => {
    watch.open();
    await next();
    watch.mark([1]);
    const fork = watch.fork();
    expect(await next(fork)).toEqual({ cursor: 'cursor', snapshot: true, nos: [] });
    watch.deliver();
    expect((await next()).nos).toEqual([1]);
    expect(event.watches).toEqual(new Set([watch, fork]));
  });

  it('hands over what it had left to tell, and ends', async () => {
    const other = watch.fork();
    watch.open();
    await next();
    await next(other);
    watch.mark([5, 2]);
    other.mark([3]);
    expect(watch.handOverTo(other)).toBe(true);
    expect(event.ticks).toBe(1);
    other.deliver();
    expect((await next(other)).nos).toEqual([2, 3, 5]);
    expect(event.watches).toEqual(new Set([other]));
  });

  it('asks for no tick where it has nothing left to tell', async () => {
    const other = watch.fork();
    watch.open();
    await next();
    expect(watch.handOverTo(other)).toBe(true);
    expect(event.ticks).toBe(0);
  });

  it('does not hand over a whole map', () => {
    const fork = watch.fork();
    expect(fork.handOverTo(watch)).toBe(false);
    expect(event.watches).toEqual(new Set([watch, fork]));
  });

  it('ends when an error is thrown into it', async () => {
    await expect(watch.throw(new Error('gone'))).rejects.toThrow('gone');
    expect(event.ended).toBe(1);
  });
});
