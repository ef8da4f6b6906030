/** What the wire to Redis does to live maps: nothing but delay, and not for long. */
import { redisUrl, startHouse, type House } from '../support/house';
import { guests, holdNos, openHall, type Hall } from '../support/hall';
import { startRedisProxy, type Fate, type RedisProxy } from '../support/redis-proxy';
import { withLogUnread, MapClient } from './map-client';

/** How much later than one that reads the log alone another process may tell of a hold. */
const LAG_MS_MAX = 1_500;
const NOTICE_MS_MAX = 10_000;

const withRedis = redisUrl === undefined ? describe.skip : describe;
if (redisUrl === undefined) console.warn('skipped: there is no Redis to take away');

withRedis('live maps', () => {
  let proxy: RedisProxy;
  let seller: House;
  let shower: House;
  /** Never had a Redis: it is as slow as the log and the machine are. */
  let alone: House;
  let hall: Hall;
  let token: string;
  let client: MapClient;
  let byLog: MapClient;
  let nextNo: number;
  beforeAll(async () => {
    proxy = await startRedisProxy(redisUrl!);
    seller = await startHouse({ redis: proxy.url });
    shower = await startHouse({ redis: proxy.url, on: seller.database });
    alone = await startHouse({ redis: false, on: seller.database });
  });
  afterAll(async () => {
    await alone.close();
    await shower.close();
    await seller.close();
    await proxy.close();
  });
  beforeEach(async () => {
    hall = await openHall(seller);
    [token = ''] = await guests(seller, 1);
    client = new MapClient(shower, hall);
    byLog = new MapClient(alone, hall);
    await Promise.all([client.connect(), byLog.connect()]);
    nextNo = 0;
  });
  afterEach(async () => {
    proxy.fate = undefined;
    await Promise.all([client.close(), byLog.close()]);
  });

  /** Milliseconds by which a hold is shown later than by who reads the log alone. */
  async function lagMs(): Promise<number> {
    const no = nextNo++;
    await holdNos(seller, hall, token, [no]);
    const [shownAtMs, readAtMs] = await Promise.all(
      [client, byLog].map(async (each) => {
        await each.until(() => each.statuses[no] === 'H');
        return performance.now();
      }),
    );
    return shownAtMs! - readAtMs!;
  }
  const alertsOf = async (house: House): Promise<string[]> => {
    const response = await fetch(`${house.url}/health/alerts`);
    const { alerts } = (await response.json()) as { alerts: { alert: string }[] };
    return alerts.map(({ alert }) => alert);
  };
  /** Asks until it is so; each question waits for its answer. */
  async function untilAlerts(fits: (alerts: string[]) => boolean): Promise<void> {
    const giveUpAtMs = performance.now() + NOTICE_MS_MAX;
    for (const house of [seller, shower]) {
      let alerts = await alertsOf(house);
      while (!fits(alerts)) {
        if (performance.now() > giveUpAtMs) throw new Error(`alerts: ${alerts.join(', ')}`);
        alerts = await alertsOf(house);
      }
    }
  }
  const away = (alerts: string[]): boolean => alerts.includes('redis');
  const back = (alerts: string[]): boolean => !alerts.includes('redis');

  const FAULTS: [string, () => void, () => void][] = [
    ['is gone', () => proxy.cut(), () => proxy.restore()],
    ['hangs', () => proxy.pause(), () => proxy.resume()],
  ];
  it.each(FAULTS)(
    'go on while Redis %s, from the first moment on, and are quick again by themselves',
    async (_, begin, end) => {
      expect(await lagMs()).toBeLessThan(LAG_MS_MAX);
      begin();
      for (let i = 0; i < 3; i++) expect(await lagMs()).toBeLessThan(LAG_MS_MAX);
      await untilAlerts(away);
      for (let i = 0; i < 3; i++) expect(await lagMs()).toBeLessThan(LAG_MS_MAX);
      end();
      await untilAlerts(back);
      await withLogUnread(shower, async () => {
        for (let i = 0; i < 3; i++) expect(await lagMs()).toBeLessThan(LAG_MS_MAX);
      });
    },
    60_000,
  );

  it.each<[Fate]>([['drop'], ['double'], ['delay']])(
    'take no harm where messages meet the fate: %s',
    async (fate) => {
      proxy.fate = () => fate;
      const before = proxy.fates[fate];
      for (let i = 0; i < 3; i++) expect(await lagMs()).toBeLessThan(LAG_MS_MAX);
      expect(proxy.fates[fate]).toBeGreaterThan(before);
      await client.untilDatabase();
    },
  );
});
