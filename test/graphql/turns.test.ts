/** A crowd that comes in one instant is let in a few at a time, and others are heard in between. */
import { EventEmitter } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import type { App } from '../../src/app.types';
import { readConfig } from '../../src/config';
import type { Clients } from '../../src/graphql/clients';
import { FanOut } from '../../src/graphql/fan-out';
import type { Operations } from '../../src/graphql/operations';
import { Turns } from '../../src/graphql/turns';
import { registerWebSocket } from '../../src/graphql/websocket';
import { untilOpen } from '../live/map-client';
import { openHall } from '../support/hall';
import { startHouse } from '../support/house';
import { RawSocket } from '../support/raw-socket';
import { Signal } from '../support/signal';
import { until } from '../support/until';

it('takes so many a turn, in order', async () => {
  const turns = new Turns(2);
  const done: number[] = [];
  for (let i = 0; i < 5; i++) turns.run(() => done.push(i));
  expect(done).toEqual([0, 1]);
  await turn();
  expect(done).toEqual([0, 1, 2, 3]);
  turns.run(() => done.push(5));
  turns.run(() => done.push(6));
  expect(done).toEqual([0, 1, 2, 3]);
  await turn();
  expect(done).toEqual([0, 1, 2, 3, 4, 5]);
  await turn();
  expect(done).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

it('lets upgrades wait for the next turn, and breaks by none whose client goes meanwhile', async () => {
  const http = new EventEmitter();
  const app = { config: readConfig({}), log: {} } as unknown as App;
  registerWebSocket(http as Server, app, {} as Operations, {} as Clients);
  const headers = { upgrade: 'websocket' };
  const request = { url: '/elsewhere', headers, socket: {} } as IncomingMessage;
  let answered = 0;
  const raws = Array.from({ length: 100 }, () =>
    Object.assign(new EventEmitter(), { end: () => answered++ }),
  );
  for (const raw of raws) http.emit('upgrade', request, raw, Buffer.alloc(0));
  expect(answered).toBe(32);
  raws.at(-1)?.emit('error', new Error('gone'));
  await until(() => answered === 100);
});

it('lets those who waited for one reading of the log begin in several turns', async () => {
  const house = await startHouse();
  const hall = await openHall(house);
  const sockets = await Promise.all([1, 2].map(() => new RawSocket(house).init()));
  const all = new Signal();
  const original = house.app.live.watch.bind(house.app.live);
  const watch = jest.spyOn(house.app.live, 'watch').mockImplementation(async (...asked) => {
    await all.given;
    return original(...asked);
  });
  let turns = 0;
  let counting: NodeJS.Immediate | undefined;
  const countTurns = (): void => {
    turns++;
    counting = setImmediate(countTurns);
  };
  const begunIn = new Map<number, number>();
  const start = Reflect.get(FanOut.prototype, 'start');
  jest.spyOn(FanOut.prototype, 'start').mockImplementation(function (this: FanOut, ...asked) {
    begunIn.set(turns, (begunIn.get(turns) ?? 0) + 1);
    return start.apply(this, asked);
  });
  const query = `subscription { seatMapUpdates(eventId: "${hall.eventId}") { cursor } }`;
  for (const socket of sockets) for (let i = 0; i < 100; i++) socket.subscribe(`${i}`, query);
  await until(() => watch.mock.calls.length === 200);
  countTurns();
  all.give();
  await untilOpen(house, 'seatMapUpdates', 200);
  clearImmediate(counting);
  jest.restoreAllMocks();
  // Those of a turn, and of the one that ends with it.
  expect(Math.max(...begunIn.values())).toBeLessThanOrEqual(64);
  sockets.forEach((socket) => socket.close());
  await house.close();
});
