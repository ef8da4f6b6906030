/** What the wire to Redis does to live maps: nothing but delay, and not for long. */
import { redisUrl, startHouse, type House } from '../support/house';
import { guests, holdNos, openHall, type Hall } from '../support/hall';
import { startRedisProxy, type Fate, type RedisProxy } from '../support/redis-proxy';
import { MapClient } from './map-client';

/** From the commit to the message at a subscriber of another process. */
const LAG_MS_MAX = 1_500;
/** Without Redis the log would tell, a second after it told last. */
const QUICK_MS_MAX = 600;
const NOTICE_MS_MAX = 10_000;

const withRedis = redisUrl === undefined ? describe.skip : describe;
if (redisUrl === undefined) console.warn('skipped: there is no Redis to take away');

withRedis('live maps', () => {
  let proxy: RedisProxy;
  let seller: House;
  let shower: House;
  let hall: Hall;
  let token: string;
  let client: MapClient;
  let nextNo: number;
  beforeAll(async () => {
    proxy = await startRedisProxy(redisUrl!);
    seller = await startHouse({ redis: proxy.url });
    shower = await startHouse({ redis: proxy.url, on: seller.database });
  });
  afterAll(async () => {
    await shower.close();
    await seller.close();
    await proxy.close();
  });
  beforeEach(async () => {
    hall = await openHall(seller);
    [token = ''] = await guests(seller, 1);
    client = new MapClient(shower, hall);
    await client.connect();
    nextNo = 0;
  });
  afterEach(async () => {
    proxy.fate = undefined;
    await client.close();
  });

  /** Milliseconds from a hold's answer to its message. */
  async function delayMs(): Promise<number> {
    const no = nextNo++;
    await holdNos(seller, hall, token, [no]);
    const committedAtMs = performance.now();
    await client.until(() => client.statuses[no] === 'H');
    return performance.now() - committedAtMs;
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
      expect(await delayMs()).toBeLessThan(LAG_MS_MAX);
      begin();
      for (let i = 0; i < 3; i++) expect(await delayMs()).toBeLessThan(LAG_MS_MAX);
      await untilAlerts(away);
      for (let i = 0; i < 3; i++) expect(await delayMs()).toBeLessThan(LAG_MS_MAX);
      end();
      await untilAlerts(back);
      const delays = [await delayMs(), await delayMs(), await delayMs()];
      expect(Math.max(...delays)).toBeLessThan(QUICK_MS_MAX);
    },
    60_000,
  );

  it.each<[Fate]>([['drop'], ['double'], ['delay']])(
    'take no harm where messages meet the fate: %s',
    async (fate) => {
      proxy.fate = () => fate;
      const before = proxy.fates[fate];
      for (let i = 0; i < 3; i++) expect(await delayMs()).toBeLessThan(LAG_MS_MAX);
      expect(proxy.fates[fate]).toBeGreaterThan(before);
      await client.untilDatabase();
    },
  );
});
