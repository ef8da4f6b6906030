/** The thread that prints: drawing a ticket takes the better part of a tenth of a second. */
import { parentPort } from 'node:worker_threads';
import { drawTicket } from './draw';
import type { PrintAnswer, PrintOrder } from './printer';

async function answerTo({ id, sheet }: PrintOrder): Promise<PrintAnswer> {
  try {
    return { id, pdf: await drawTicket(sheet) };
  } catch (error) {
    return { id, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

parentPort?.on('message', (order: PrintOrder) => {
  void answerTo(order).then((answer) => parentPort?.postMessage(answer));
});
