/** What `npm run load` is asked for. A run that does nothing would be told as one in which all was well. */
import { parseArgs } from 'node:util';

export const USAGE = `npm run load -- [options], against a running Usher
  --url URL         where it listens; several times for several processes (http://127.0.0.1:4000)
  --scenario NAME   storm, herd or churn (storm)
  --seconds N       how long, from 1 to 600 (20); a herd asks once
  --buyers N        how many at a time, from 1 to 2000 (50; of a herd 100)
  --owner EMAIL     who makes the event, and who audits it; the demo's, unless set (owner@usher.test,
  --admin EMAIL     admin@usher.test)
  --password TEXT   of both`;

const SCENARIOS = ['storm', 'herd', 'churn'] as const;
export type Scenario = (typeof SCENARIOS)[number];

const SECONDS_MAX = 600;
const BUYERS_MAX = 2_000;

export interface LoadOptions {
  help: boolean;
  urls: string[];
  scenario: Scenario;
  seconds: number;
  buyers: number;
  owner: string;
  admin: string;
  password: string;
}

/** Throws an Error whose message says what is wrong. */
export function readOptions(args: string[]): LoadOptions {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: 'boolean', default: false },
      url: { type: 'string', multiple: true, default: ['http://127.0.0.1:4000'] },
      scenario: { type: 'string', default: 'storm' },
      seconds: { type: 'string', default: '20' },
      buyers: { type: 'string' },
      owner: { type: 'string', default: 'owner@usher.test' },
      admin: { type: 'string', default: 'admin@usher.test' },
      password: { type: 'string', default: 'Password123' },
    },
  });
  const scenario = SCENARIOS.find((name) => name === values.scenario);
  if (scenario === undefined)
    throw new Error(`there is no scenario ${values.scenario}: take storm, herd or churn`);
  const buyers = values.buyers ?? (scenario === 'herd' ? '100' : '50');
  return {
    help: values.help,
    urls: values.url.map(baseOf),
    scenario,
    seconds: wholeNumber('seconds', values.seconds, SECONDS_MAX),
    buyers: wholeNumber('buyers', buyers, BUYERS_MAX),
    owner: values.owner,
    admin: values.admin,
    password: values.password,
  };
}

function baseOf(url: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new Error(`--url ${url}: is not an address such as http://127.0.0.1:4000`);
  return url.replace(/\/+$/, '');
}

function wholeNumber(option: string, text: string, max: number): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isInteger(number) || number < 1 || number > max)
    throw new Error(`--${option} ${text}: must be a whole number from 1 to ${max}`);
  return number;
}
