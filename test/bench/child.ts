/** A part of a benchmark in a process of its own, which is asked over IPC, one question at a time. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

export class Child {
  private constructor(private readonly process: ChildProcess) {}

  static async start<T>(
    file: string,
    words: string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<[Child, T]> {
    const process_ = spawn(
      process.execPath,
      ['--expose-gc', resolve('scripts/run.mjs'), `test/bench/${file}`, ...words],
      {
        env: { ...process.env, NODE_ENV: 'production', ...env },
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      },
    );
    const child = new Child(process_);
    return [child, await child.answer<T>()];
  }

  async ask<T>(order: object): Promise<T> {
    const answer = this.answer<T>();
    this.process.send(order);
    return answer;
  }

  async stop(): Promise<void> {
    const gone = once(this.process, 'exit');
    this.process.disconnect();
    await gone;
  }

  private async answer<T>(): Promise<T> {
    const done = new AbortController();
    const { signal } = done;
    const gone = once(this.process, 'exit', { signal }).then(() => {
      throw new Error('a process of the benchmark has ended');
    });
    gone.catch(() => undefined);
    const [message] = (await Promise.race([once(this.process, 'message', { signal }), gone])) as [
      T,
    ];
    done.abort();
    return message;
  }
}
