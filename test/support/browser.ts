/** A real browser for the tests of the pages, where the machine has one. */
import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { buildUsher, BUILD_MS_MAX } from './build';

/** Whatever a page is to show has come by then, even on a slow machine. */
const APPEAR_MS_MAX = 25_000;
const PROGRAMS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Undefined where no Chromium is installed. */
const browserPath = PROGRAMS.find((program) => existsSync(program));

function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** What a page complained about: errors in its console (a Content-Security-Policy's among them), thrown ones, failed requests. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
  });
  return complaints;
}

/** Tests of the built pages; skipped, and said so, where there is no browser. */
export function describeInBrowser(name: string, tests: () => void): void {
  if (browserPath === undefined)
    console.warn(`No Chromium found: ${name} is not tried in a browser.`);
  (browserPath === undefined ? describe.skip : describe)(name, tests);
}

/** Each test has a page of its own, about which nothing may have been complained in the end. */
export function onPageOfItsOwn(take: (page: Page) => void, context: BrowserContextOptions): void {
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  beforeAll(async () => {
    await buildUsher();
    browser = await launchBrowser(browserPath ?? '');
  }, BUILD_MS_MAX);
  afterAll(() => browser.close());
  beforeEach(async () => {
    page = await (await browser.newContext(context)).newPage();
    page.setDefaultTimeout(APPEAR_MS_MAX);
    complaints = complaintsOf(page);
    take(page);
  });
  afterEach(async () => {
    await page.context().close();
    expect(complaints).toEqual([]);
  });
}
