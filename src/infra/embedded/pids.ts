import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/** execFile as a promise: rejects on a non-zero exit, with `stdout` and `stderr` on the error. */
export const runProgram = promisify(execFile);

/** A signal, and how long to wait for the end before the next, harder one is sent. */
export interface StopStep {
  readonly signal: NodeJS.Signals;
  readonly waitMs: number;
}

const POLL_MS = 20;

async function fileOrNothing(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

/**
 * When a process was born, as a text that can be compared with an earlier answer and means nothing
 * else. A pid alone is no identity: the system gives it out again, after a reboot almost surely.
 * Undefined when there is no such process, or only its zombie, which some containers never reap.
 */
export async function birthOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const stat = await fileOrNothing(`/proc/${pid}/stat`);
    if (stat === undefined) return undefined;
    // The second field is the program's name in brackets and may itself hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const boot = (await fileOrNothing('/proc/sys/kernel/random/boot_id')) ?? '';
    return `${fields[19] ?? ''} ${boot.trim()}`.trim();
  }
  const answer = await ps(pid, 'state=,lstart=');
  return answer === undefined || answer.startsWith('Z') ? undefined : answer.replace(/^\S+\s+/, '');
}

/** The command line of a process, its words parted by spaces. */
export async function commandLineOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const words = await fileOrNothing(`/proc/${pid}/cmdline`);
    return words?.replaceAll('\0', ' ').trim();
  }
  return ps(pid, 'command=');
}

async function ps(pid: number, columns: string): Promise<string | undefined> {
  const env = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
  return runProgram('ps', ['-ww', '-o', columns, '-p', String(pid)], { env }).then(
    ({ stdout }) => stdout.trim() || undefined,
    () => undefined,
  );
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Ends a process that is not our child. Returns false when it outlives even the last step. */
export async function endStranger(pid: number, steps: readonly StopStep[]): Promise<boolean> {
  const birth = await birthOf(pid);
  if (birth === undefined) return true;
  for (const { signal, waitMs } of steps) {
    signalIfThere(pid, signal);
    const giveUpAt = performance.now() + waitMs;
    do {
      await delay(POLL_MS);
      if ((await birthOf(pid)) !== birth) return true;
    } while (performance.now() < giveUpAt);
  }
  return false;
}

/** Binds `port` (0: any) on loopback for a moment. Returns it, or undefined when it is taken. */
export async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      const bound = typeof address === 'object' ? address?.port : undefined;
      server.close(() => resolve(bound));
    });
  });
}

/** A port that was free a moment ago; whoever uses it must be ready to lose the race for it. */
export async function freePort(): Promise<number> {
  const port = await tryPort(0);
  if (port === undefined) throw new Error('The system has no free port on 127.0.0.1.');
  return port;
}
