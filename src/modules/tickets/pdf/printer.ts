/**
 * Prints tickets on a thread of their own, so that whoever holds seats meanwhile does not wait. The
 * thread is started by the first ticket, and again after a fault; what was printed is kept for a while.
 */
import { createHash } from 'node:crypto';
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { TicketSheet } from './sheet';

export interface PrintOrder {
  id: number;
  sheet: TicketSheet;
}
export type PrintAnswer = { id: number; pdf: Uint8Array } | { id: number; failure: string };

/** Some 40 kB each. */
const KEPT_MAX = 200;
/** Orders that wait at once; past that it is better to say no than to let everybody wait. */
const WAITING_MAX = 200;
/** A sheet that takes longer has hung the thread. */
const PRINT_MS_MAX = 30_000;

const EXTENSION = extname(__filename);
const THREAD = join(__dirname, `printing-thread${EXTENSION}`);
/** A checkout runs its TypeScript as it is; what is built needs nothing. */
const execArgv = EXTENSION === '.ts' ? ['--require', '@swc-node/register'] : [];

/** Thrown when there is more to print than can be done. */
class PrinterBusy extends Error {
  readonly statusCode = 503;
}

interface Waiting {
  resolve: (pdf: Buffer) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

export class Printer {
  private thread: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  /** By what is on the sheet; the least recently printed first. */
  private readonly kept = new Map<string, Promise<Buffer>>();
  private nextId = 1;

  /** A PDF of one page. Sheets that say the same are printed once. */
  print(sheet: TicketSheet): Promise<Buffer> {
    const key = createHash('sha256').update(JSON.stringify(sheet)).digest('base64');
    const known = this.kept.get(key);
    const printed = known ?? this.order(sheet);
    this.kept.delete(key);
    this.kept.set(key, printed);
    if (known === undefined) printed.catch(() => this.kept.delete(key));
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT_MAX) break;
      this.kept.delete(oldest);
    }
    return printed;
  }

  async close(): Promise<void> {
    await this.stop(new Error('the printer was closed'));
  }

  private order(sheet: TicketSheet): Promise<Buffer> {
    if (this.waiting.size >= WAITING_MAX) {
      return Promise.reject(new PrinterBusy('Too many tickets are being printed: try again soon.'));
    }
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        void this.stop(new Error(`a ticket was not printed in ${PRINT_MS_MAX} ms`));
      }, PRINT_MS_MAX);
      this.waiting.set(id, { resolve, reject, timer });
      const order: PrintOrder = { id, sheet };
      this.running().postMessage(order);
    });
  }

  private running(): Worker {
    if (this.thread !== undefined) return this.thread;
    const thread = new Worker(THREAD, { execArgv });
    this.thread = thread;
    thread.unref(); // nothing waits for a process but its own work
    thread.on('message', (answer: PrintAnswer) => this.settle(answer));
    const fail = (error: Error): void => {
      if (this.thread === thread) void this.stop(error);
    };
    thread.on('error', fail);
    thread.on('exit', () => fail(new Error('the printing thread has ended')));
    return thread;
  }

  private settle(answer: PrintAnswer): void {
    const waiting = this.waiting.get(answer.id);
    if (waiting === undefined) return;
    this.waiting.delete(answer.id);
    clearTimeout(waiting.timer);
    if ('pdf' in answer) waiting.resolve(Buffer.from(answer.pdf));
    else waiting.reject(new Error(`a ticket could not be printed: ${answer.failure}`));
  }

  /** The next order starts another thread. */
  private async stop(reason: Error): Promise<void> {
    const thread = this.thread;
    this.thread = undefined;
    for (const { reject, timer } of this.waiting.values()) {
      clearTimeout(timer);
      reject(reason);
    }
    this.waiting.clear();
    await thread?.terminate();
  }
}
