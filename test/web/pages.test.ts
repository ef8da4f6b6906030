/** The pages in a real browser, against a real house. */
import type { Page } from 'playwright-core';
import { demoEvents } from '../../src/tools/demo-events';
import { seedDemo } from '../../src/tools/demo';
import { describeInBrowser, onPageOfItsOwn } from '../support/browser';
import { openHall } from '../support/hall';
import { startHouse, type House } from '../support/house';

/** rgb of --seat-held in web/src/style.css. */
const HELD = [245, 166, 35];
/** One table of four. */
const SUPPER = {
  document: {
    usher: 1,
    name: 'Supper',
    categories: [{ key: 'supper', name: 'Supper', color: '#b0413e' }],
    sections: [
      {
        key: 'room',
        name: 'Room',
        category: 'supper',
        tables: [
          {
            name: 'T1',
            wholeTable: true,
            seats: [
              [100, 100],
              [130, 130],
              [100, 160],
              [70, 130],
            ].map(([x, y], i) => ({ number: String(i + 1), x, y })),
          },
        ],
      },
    ],
  },
  terms: { prices: [{ categoryKey: 'supper', priceMinor: 4000 }] },
};

describeInBrowser('the pages', () => {
  let house: House;
  let page: Page;
  onPageOfItsOwn((own) => (page = own), {
    viewport: { width: 1280, height: 800 },
    colorScheme: 'light',
  });

  beforeAll(async () => {
    house = await startHouse();
    await seedDemo(house.app, () => undefined);
  }, 120_000);
  afterAll(async () => {
    await house.close();
  });

  const counterReads = (name: string, count: string): Promise<void> =>
    page
      .locator(`.counter-${name} dd`)
      .filter({ hasText: new RegExp(`^${count}$`) })
      .waitFor();
  const openMap = async (slug: string): Promise<void> => {
    await page.goto(`${house.url}/#/events/${slug}`);
    await page.locator('.connection[data-state=live]').waitFor();
  };
  /** Looks at the map, frame by frame, until it has many pixels of a held seat's colour, or none. */
  const heldPixels = async (wanted: 'many' | 'none'): Promise<undefined> => {
    await page.evaluate(`new Promise((resolve) => {
      const canvas = document.querySelector('.seat-canvas');
      const look = () => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let i = 0; i < data.length; i += 4)
          if (data[i] === ${HELD[0]} && data[i + 1] === ${HELD[1]} && data[i + 2] === ${HELD[2]}) count++;
        if (${wanted === 'many' ? 'count > 100' : 'count === 0'}) resolve();
        else requestAnimationFrame(look);
      };
      look();
    })`);
  };
  const hold = async (slug: string, nos: number[]): Promise<{ id: string; token: string }> => {
    const { token } = await house.given.guest();
    const { data: found } = await house.gql<{ event: { id: string } }>(
      'query ($slug: String!) { event(slug: $slug) { id } }',
      { slug },
    );
    const { data } = await house.gql<{ holdSeats: { id: string } }>(
      `mutation ($input: HoldSeatsInput!) {
        holdSeats(input: $input) { ... on Reservation { id } }
      }`,
      { input: { eventId: found.event.id, seats: nos.map((no) => ({ no })) } },
      { token },
    );
    return { id: data.holdSeats.id, token };
  };

  /** Clicks on the first seat drawn in the colour of those on sale, row by row of the map's pixels; what has changed is drawn a frame later. */
  const clickFirstSeat = async (): Promise<void> => {
    const [x, y] = await page.evaluate<[number, number]>(`new Promise((resolve) => {
      const canvas = document.querySelector('.seat-canvas');
      const look = () => {
        const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        for (let i = 0; i < data.length; i += 4)
          if (data[i] === 0xb0 && data[i + 1] === 0x41 && data[i + 2] === 0x3e)
            return resolve([((i / 4) % width) / devicePixelRatio, Math.floor(i / 4 / width) / devicePixelRatio + 4]);
        requestAnimationFrame(look);
      };
      look();
    })`);
    await page.locator('.seat-canvas').click({ position: { x, y } });
  };

  it('lists what is on sale', async () => {
    await page.goto(`${house.url}/`);
    await page.locator('.event-row').first().waitFor();
    const titles = await page.locator('.event-row strong').allTextContents();
    expect(titles.sort()).toEqual(demoEvents.map(({ title }) => title).sort());
  });

  it('counts down in the list as seats are taken, before it is refreshed', async () => {
    await page.goto(`${house.url}/`);
    const row = page.locator('.event-row', { hasText: 'Tech Conference' });
    await row.getByText('100 of 100 left').waitFor();
    const { id, token } = await hold('tech-conference', [1, 2, 3]);
    // Sooner than the page would ask again.
    await row.getByText('97 of 100 left').waitFor({ timeout: 8_000 });
    const release = 'mutation ($id: ID!) { releaseReservation(id: $id) { id } }';
    await house.gql(release, { id }, { token });
    await row.getByText('100 of 100 left').waitFor({ timeout: 8_000 });
  });

  it('turns seats as somebody else holds and releases them', async () => {
    await openMap('tech-conference');
    await counterReads('available', '100');
    await heldPixels('none');

    const { id, token } = await hold('tech-conference', [44, 45]);
    await counterReads('held', '2');
    await counterReads('available', '98');
    await heldPixels('many');

    const release = 'mutation ($id: ID!) { releaseReservation(id: $id) { id } }';
    await house.gql(release, { id }, { token });
    await counterReads('held', '0');
    await counterReads('available', '100');
    await heldPixels('none');
  });

  it('holds and releases the seat one clicks on', async () => {
    await openMap('limited-concert');
    await clickFirstSeat();
    await page.getByRole('button', { name: 'Hold these places' }).click();
    await page.locator('.countdown').waitFor();
    await counterReads('held', '1');
    await page.getByRole('button', { name: 'Release' }).click();
    await counterReads('held', '0');
  });

  it('marks, holds and lets go of a table that goes as a whole by any of its seats', async () => {
    const hall = await openHall(house, { plan: SUPPER });
    const { data } = await house.gql<{ event: { slug: string } }>(
      'query ($id: ID!) { event(id: $id) { slug } }',
      { id: hall.eventId },
    );
    await openMap(data.event.slug);
    const marked = page.locator('.hold-panel .items li');
    await clickFirstSeat();
    await marked.nth(3).waitFor();
    expect(await marked.count()).toBe(4);
    await marked.nth(2).getByRole('button').click();
    await marked.first().waitFor({ state: 'detached' });
    expect(await marked.count()).toBe(0);
    await clickFirstSeat();
    await page.getByRole('button', { name: 'Hold these places' }).click();
    await page.locator('.countdown').waitFor();
    await counterReads('held', '4');
  });

  it('shows an arena of sixteen thousand places', async () => {
    await openMap('arena');
    await counterReads('available', '16,138');
  });

  it('answers a query in GraphiQL', async () => {
    await page.goto(`${house.url}/graphql`);
    // The editor fills itself after the page has loaded; until then there is nothing to run.
    await page.locator('.graphiql-query-editor', { hasText: 'totalCount' }).waitFor();
    await page.locator('.graphiql-execute-button').click();
    await page.locator('.graphiql-response', { hasText: 'limited-concert' }).waitFor();
  });
});
