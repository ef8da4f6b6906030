import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { StopStep } from './pids';

/** The user a server runs as, where it must not run as root. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

export interface SupervisedOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly runAs?: RunAs | undefined;
  /** Receives the server's output; `fresh` empties it first. */
  readonly log: { readonly file: string; readonly fresh: boolean };
  /** Given to the server on its standard input. */
  readonly input?: string;
}

export interface Supervised {
  readonly pid: number;
  /** Settles when the server has ended, with a half-sentence: "ended with exit code 1". */
  readonly exited: Promise<string>;
  hasExited(): boolean;
  stop(steps: readonly StopStep[]): Promise<void>;
}

const LOG_TAIL_LINES = 15;

/** The last lines of a log, indented for the terminal; a server's own words say best what is wrong. */
export async function logTail(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.trimEnd().split('\n').slice(-LOG_TAIL_LINES);
  return lines.map((line) => `  ${line}`).join('\n');
}

/**
 * A shell that waits for a line from us, and sends the server SIGINT when instead the pipe breaks:
 * that is when this process was killed without a chance to stop its servers. The next start finds
 * and stops an orphan in any case; this spares the machine one until then.
 */
function spawnWatchdog(pid: number): ChildProcess {
  const script = 'read -r _ || kill -INT "$1"';
  const watchdog = spawn('/bin/sh', ['-c', script, 'usher-watchdog', String(pid)], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // A watchdog that could not start or was killed is no reason to fall over.
  watchdog.on('error', () => undefined);
  watchdog.stdin.on('error', () => undefined);
  return watchdog;
}

async function dismiss(watchdog: ChildProcess): Promise<void> {
  if (watchdog.pid === undefined || watchdog.exitCode !== null || watchdog.signalCode !== null) {
    return;
  }
  const gone = once(watchdog, 'exit');
  watchdog.stdin?.end('\n');
  await gone;
}

/**
 * Starts a server in a session of its own: the terminal's Ctrl-C goes to us alone, and we stop the
 * server when our own work has drained. Rejects when the program cannot be started at all.
 */
export async function spawnSupervised(options: SupervisedOptions): Promise<Supervised> {
  const log = await open(options.log.file, options.log.fresh ? 'w' : 'a', 0o600);
  let child: ChildProcess;
  let ended = false;
  let exited: Promise<string>;
  try {
    child = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: [options.input === undefined ? 'ignore' : 'pipe', log.fd, log.fd],
      ...options.runAs,
    });
    // Listened for before anything is awaited: a server may end at once.
    exited = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => {
        ended = true;
        resolve(signal === null ? `ended with exit code ${code ?? 0}` : `was ended by ${signal}`);
      });
    });
    await once(child, 'spawn');
  } finally {
    await log.close();
  }
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${options.command} started without a pid.`);
  child.stdin?.on('error', () => undefined); // it ended before it read: `exited` tells
  child.stdin?.end(options.input);

  const watchdog = spawnWatchdog(pid);
  const dismissed = exited.then(() => dismiss(watchdog));

  return {
    pid,
    exited,
    hasExited: () => ended,
    async stop(steps) {
      for (const { signal, waitMs } of steps) {
        if (ended) break;
        child.kill(signal);
        const timer = new AbortController();
        const waited = delay(waitMs, undefined, { signal: timer.signal }).catch(() => undefined);
        await Promise.race([exited, waited]);
        timer.abort();
      }
      await dismissed;
    },
  };
}
