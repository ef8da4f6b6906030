/** The seat-map element on a page of another site, in a real browser. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { describeInBrowser, onPageOfItsOwn } from '../support/browser';
import { holdNos, openHall, type Hall } from '../support/hall';
import { startHouse, type House } from '../support/house';

describeInBrowser('<usher-seat-map>', () => {
  let site: Server;
  let siteUrl: string;
  let house: House;
  let hall: Hall;
  let page: Page;
  onPageOfItsOwn((own) => (page = own), {
    viewport: { width: 900, height: 700 },
  });

  beforeAll(async () => {
    site = createServer((request, response) => {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(
        `<!doctype html><title>A fan club</title><link rel="icon" href="data:,">
        <script src="${house.url}/widget.js"></script>
        <script>
          const news = [];
          for (const name of ['ready', 'select', 'update', 'connection', 'error'])
            document.addEventListener('usher-' + name, ({ detail }) => news.push({ name, ...detail }));
        </script>
        <usher-seat-map event="${new URL(request.url ?? '/', siteUrl).searchParams.get('event') ?? ''}"></usher-seat-map>`,
      );
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    house = await startHouse({ config: { corsOrigins: [siteUrl] } });
    hall = await openHall(house, { oneRowOf: 6 });
  });
  afterAll(async () => {
    await house.close();
    await new Promise((resolve) => site.close(resolve));
  });

  const newsSays = async (condition: string): Promise<void> => {
    await page.waitForFunction(`news.some((each) => ${condition})`);
  };
  const open = async (): Promise<void> => {
    await page.goto(`${siteUrl}/?event=${hall.eventId}`);
    await newsSays(`each.name === 'connection' && each.state === 'live'`);
  };
  /** Clicks on the seat of that position, once it is drawn: the row is the whole plan, fitted to the element. */
  const clickSeat = async (no: number): Promise<void> => {
    const position = await page.evaluate<{ x: number; y: number }>(`new Promise((resolve) => {
      const canvas = document.querySelector('usher-seat-map').shadowRoot.querySelector('canvas');
      const look = () => {
        const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const y = Math.round(height / 2);
        const middles = [];
        let start;
        const [r, g, b] = data.slice(0, 3);
        for (let x = 0; x <= width; x++) {
          const i = 4 * (y * width + x);
          const isSeat = x < width && (data[i] !== r || data[i + 1] !== g || data[i + 2] !== b);
          if (isSeat) start ??= x;
          else if (start !== undefined) {
            if (x - start > 24 * devicePixelRatio) middles.push({ x: (start + x) / 2 / devicePixelRatio, y: y / devicePixelRatio });
            start = undefined;
          }
        }
        if (middles.length === 6) resolve(middles[${no}]);
        else requestAnimationFrame(look);
      };
      look();
    })`);
    await page.locator('usher-seat-map').click({ position });
  };

  it('shows an event of another origin, lets choose, and tells of seats that others take', async () => {
    await open();
    await newsSays(`each.name === 'ready' && each.availability.available === 6`);
    await clickSeat(0);
    await clickSeat(3);
    await newsSays(`each.name === 'select' && each.seats.map(({ no }) => no).join() === '0,3'`);

    const { token } = await house.given.guest();
    await holdNos(house, hall, token, [3]);
    await newsSays(`each.name === 'select' && each.lost.some(({ no }) => no === 3)`);
    await newsSays(`each.name === 'update' && each.availability.held === 1`);
    const selected = await page.evaluate(`document.querySelector('usher-seat-map').selected`);
    expect(selected).toEqual([0]);
  });

  it('says so where there is no such event', async () => {
    await page.goto(`${siteUrl}/?event=no-such-event`);
    await newsSays(`each.name === 'error' && each.code === 'NOT_FOUND'`);
    await page.locator('usher-seat-map .notice', { hasText: 'no such event' }).waitFor();
  });

  it('is served to any site, compressed, and not again to who has it', async () => {
    const first = await fetch(`${house.url}/widget.js`, {
      headers: { origin: 'https://fans.example.org', 'accept-encoding': 'br' },
    });
    expect(first.status).toBe(200);
    expect(first.headers.get('content-encoding')).toBe('br');
    expect(first.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    const etag = first.headers.get('etag') ?? '';
    const again = await fetch(`${house.url}/widget.js`, {
      headers: { 'accept-encoding': 'br', 'if-none-match': etag },
    });
    expect(again.status).toBe(304);
  });
});
