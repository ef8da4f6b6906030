/** Sharing, on a small schema and sources that the test drives by hand. */
import { until } from '../support/until';
import {
  making,
  type Subscribed,
  all,
  app,
  begin,
  source,
  subscribe,
  openSmallSchema,
} from './small-schema';

openSmallSchema();

describe('subscribers in step', () => {
  it('share one execution and one text', async () => {
    const readers = await all(subscribe(), subscribe(), subscribe());
    making.executions = 0;
    source.change(4, 2);
    await until(() => readers.every(({ payloads }) => payloads.length === 2));
    expect(making.executions).toBe(1);
    expect(new Set(readers.map(({ payloads }) => payloads[1])).size).toBe(1);
    expect(readers[0]?.heard()[1]).toEqual({ whole: 0, nos: '2 4' });
    expect(source.watches.size).toBe(1);
  });

  it('share though they came with different cursors, and not with different questions', async () => {
    const query = (plus: number): string =>
      `subscription ($after: String, $plus: Int) { news(after: $after) { nos(plus: $plus) } } # ${plus}`;
    const ask = query(1);
    const readers = await all(
      subscribe(ask, { after: 'a', plus: 1 }),
      subscribe(ask, { after: 'b', plus: 1 }),
      subscribe(ask, { plus: 1 }),
      subscribe(ask, { plus: 2 }),
      subscribe(query(2), { plus: 1 }),
    );
    making.executions = 0;
    source.change(5);
    await until(() => readers.every(({ payloads }) => payloads.length === 2));
    expect(making.executions).toBe(3);
    expect(readers.map((reader) => reader.heard()[1])).toEqual(
      ['6', '6', '6', '7', '6'].map((nos) => ({ nos })),
    );
  });

  it('do not share where one leaves a variable out, and another says that it is null', async () => {
    const ask = 'subscription ($plus: Int = 3) { news { nos(plus: $plus) } }';
    const readers = await all(subscribe(ask), subscribe(ask, { plus: null }));
    source.change(5);
    await until(() => readers.every(({ payloads }) => payloads.length === 2));
    expect(readers.map((reader) => reader.heard()[1])).toEqual([{ nos: '8' }, { nos: '5' }]);
  });

  it('share nothing that depends on who asks', async () => {
    const query = 'subscription { news { nos reader } }';
    const readers = await all(
      subscribe(query, {}, { kind: 'guest', id: 'g1' }),
      subscribe(query, {}, { kind: 'user', id: 'u1', platformAdmin: false }),
      subscribe(query),
    );
    for (const no of [1, 2]) {
      source.change(no);
      await until(() => readers.every(({ payloads }) => payloads.length === 1 + no));
      expect(readers.map((reader) => reader.heard()[no])).toEqual(
        ['g1', 'u1', 'anonymous'].map((reader) => ({ nos: String(no), reader })),
      );
    }
  });

  it('lose no change of those that come while others join and go', async () => {
    const readers: Subscribed[] = [];
    const expected: Set<string>[] = [];
    for (let i = 0; i < 40; i++) {
      const coming = subscribe();
      source.change(i);
      readers.push(await coming);
      expected.push(new Set());
      source.change(1_000 + i);
      for (const seen of expected) seen.add(String(1_000 + i));
      if (i % 7 === 6) readers[i - 3]?.stop();
    }
    const told = (reader: Subscribed): Set<string> =>
      new Set(reader.heard().flatMap((news) => (news as { nos: string }).nos.split(' ')));
    const staying = readers.filter((_, i) => i % 7 !== 3 || i > 37);
    await until(() => staying.every((reader) => told(reader).has('1039')));
    readers.forEach((reader, i) => {
      if (!staying.includes(reader)) return;
      for (const no of expected[i]!) expect(told(reader)).toContain(no);
    });
  });

  it.each([
    ['shared', 'subscription { news { nos fragile } }'],
    ['made for each', 'subscription { news { nos reader fragile } }'],
  ])('end with the error where a message cannot be made that is %s', async (_, query) => {
    const readers = await all(subscribe(query), subscribe(query));
    const others = await all(subscribe(), subscribe());
    making.broken = true;
    const ends = readers.map(({ done }) =>
      expect(done).rejects.toMatchObject({ errors: [{ message: 'it is broken' }] }),
    );
    source.change(1);
    await Promise.all(ends);
    expect(readers.map(({ payloads }) => payloads.length)).toEqual([1, 1]);
    await until(() => others.every(({ payloads }) => payloads.length === 2));
    making.broken = false;
    const again = await subscribe(query);
    expect(again.heard()).toHaveLength(1);
  });

  it('leave nothing behind when the last has gone', async () => {
    const readers = await all(subscribe(), subscribe());
    readers.forEach((reader) => reader.stop());
    await until(() => source.watches.size === 0);
    const { values } = await app.metrics.subscribers.get();
    expect(values.map(({ value }) => value)).toEqual([0]);
    const [again] = await all(subscribe());
    source.change(1);
    await until(() => again?.payloads.length === 2);
    again?.stop();
  });
});

describe('those who come in the same moment', () => {
  it('share one execution and one text of the first message', async () => {
    const readers = await all(subscribe(), subscribe(), subscribe());
    const late = await subscribe();
    expect(making.executions).toBe(1);
    expect(new Set([...readers, late].map(({ payloads }) => payloads[0])).size).toBe(1);
    expect(late.heard()).toEqual([{ whole: 1, nos: '' }]);
  });

  it('do not share what was made of another state, or of another question', async () => {
    const ask = 'subscription ($plus: Int) { news { whole nos(plus: $plus) } }';
    await all(subscribe(ask, { plus: 1 }), subscribe(ask, { plus: 2 }), subscribe());
    expect(making.executions).toBe(3);
    source.revision++;
    await subscribe(ask, { plus: 1 });
    expect(making.executions).toBe(4);
  });

  it('have each their own where it depends on who asks', async () => {
    const query = 'subscription { news { reader } }';
    const readers = await all(
      subscribe(query, {}, { kind: 'guest', id: 'g1' }),
      subscribe(query, {}, { kind: 'guest', id: 'g2' }),
      subscribe(query),
    );
    expect(readers.map((reader) => reader.heard()[0])).toEqual(
      ['g1', 'g2', 'anonymous'].map((reader) => ({ reader })),
    );
  });

  it('have each their own where more than the state was looked at', async () => {
    const query = 'subscription { news { elsewhere } }';
    making.elsewhere = 'before';
    await subscribe(query);
    making.elsewhere = 'after';
    const second = await subscribe(query);
    expect(second.heard()[0]).toEqual({ elsewhere: 'after' });
  });

  it('are told though the one whose execution it is goes meanwhile', async () => {
    const first = begin();
    const second = begin();
    first.stop();
    await until(() => second.payloads.length === 1);
    source.change(3);
    await until(() => second.payloads.length === 2);
    expect(first.payloads).toEqual([]);
    expect(second.heard()[1]).toEqual({ whole: 0, nos: '3' });
    expect(source.watches.size).toBe(1);
  });

  it('miss nothing that changes while their message is made', async () => {
    making.whileMade = () => source.change(8);
    const readers = [begin(), begin(), begin()];
    await until(() => readers.every(({ payloads }) => payloads.length === 2));
    for (const reader of readers)
      expect(reader.heard()).toEqual([
        { whole: 1, nos: '' },
        { whole: 0, nos: '8' },
      ]);
  });
});

describe('one that does not read', () => {
  it('is passed over alone, gets the whole when it reads, and shares again', async () => {
    const [slow, other] = (await all(subscribe(), subscribe())) as [Subscribed, Subscribed];
    slow.reader.stopReading();
    for (const no of [1, 2, 3]) {
      source.change(no);
      await until(() => other.payloads.length === 1 + no);
    }
    expect(slow.payloads).toHaveLength(1);
    expect(other.heard().slice(1)).toEqual(['1', '2', '3'].map((nos) => ({ whole: 0, nos })));

    slow.reader.readAgain();
    await until(() => slow.payloads.length === 2);
    expect(slow.heard()[1]).toEqual({ whole: 1, nos: '' });
    await until(() => source.watches.size === 1);
    source.change(9);
    await until(() => slow.payloads.length === 3 && other.payloads.length === 5);
    expect(slow.payloads[2]).toBe(other.payloads[4]);
  });

  it('costs nothing once it has gone', async () => {
    const [slow, other] = (await all(subscribe(), subscribe())) as [Subscribed, Subscribed];
    slow.reader.stopReading();
    source.change(1);
    await until(() => other.payloads.length === 2);
    expect(source.watches.size).toBe(2);
    slow.stop();
    expect(source.watches.size).toBe(1);
  });
});
