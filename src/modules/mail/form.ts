/** Gives a letter its form: HTML and text. Whatever people have typed is escaped, and stays on its line. */
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Eta } from 'eta';
import { oneLine } from '../../graphql/text';
import { TEXT } from './layout';
import type { Letter } from './letter';

const html = new Eta({ autoEscape: true, autoTrim: false });
const text = new Eta({ autoEscape: false, autoTrim: ['nl', false] });
/** Longer than any machine takes; a thread that does has hung. */
const COMPILE_MS_MAX = 60_000;

const EXTENSION = extname(__filename);
const THREAD = join(__dirname, `layout-thread${EXTENSION}`);
/** A checkout runs its TypeScript as it is; what is built needs nothing. */
const execArgv = EXTENSION === '.ts' ? ['--require', '@swc-node/register'] : [];

let layout: Promise<string> | undefined;

export async function formOf(letter: Letter): Promise<{ html: string; text: string }> {
  layout ??= compileLayout();
  // What failed is not remembered: the next mail tries again.
  layout.catch(() => (layout = undefined));
  const lines = {
    ...letter,
    subject: oneLine(letter.subject),
    heading: oneLine(letter.heading),
    from: oneLine(letter.from),
    facts: letter.facts.map(([label, value]) => [label, oneLine(value)]),
  };
  return { html: html.renderString(await layout, lines), text: text.renderString(TEXT, lines) };
}

/** Once a process. */
function compileLayout(): Promise<string> {
  const thread = new Worker(THREAD, { execArgv });
  thread.unref();
  return new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new Error(`the layout of mails was not compiled in ${COMPILE_MS_MAX} ms`));
    }, COMPILE_MS_MAX);
    late.unref();
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', () => reject(new Error('the thread that compiles the layout has ended')));
  }).finally(() => void thread.terminate());
}
