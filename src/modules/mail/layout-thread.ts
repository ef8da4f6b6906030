/** Compiles the layout: mjml alone takes a second to load, and nobody else is to wait for it. */
import { parentPort } from 'node:worker_threads';
import mjml2html from 'mjml';
import { LAYOUT } from './layout';

async function compile(): Promise<string> {
  const { html, errors } = await mjml2html(LAYOUT, { validationLevel: 'strict' });
  if (errors.length > 0)
    throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join('\n'));
  return html;
}

void compile().then((html) => parentPort?.postMessage(html));
