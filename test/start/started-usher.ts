/** Usher as an operator starts it: `npm start`'s own script, in a process of its own. */
import { spawn, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SCRIPT = join(__dirname, '../../scripts/start.mjs');
/** The first start of a fresh checkout builds the pages as well. */
const READY_MS_MAX = 90_000;
const OURS =
  /^(PORT|HOST|DATABASE_URL|REDIS_URL|USHER_|JWT_SECRET|CORS_|CONNECTIONS_|RATE_LIMITS|WORKERS|NODE_ENV|PAYMENTS_|STRIPE_|MOCK_|SMTP_|MAIL_|KAFKA_|PUBLIC_URL|WEBHOOKS_|LOG_LEVEL)/;

export interface UsherProcess {
  readonly pid: number;
  /** All it has said so far, on both channels. */
  output(): string;
  /** Waits until its output matches. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  /** Its address, once it says that it is open. */
  ready(): Promise<string>;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  signal(signal: NodeJS.Signals): void;
}

/** The tests' own environment stays out of it, but for what is no setting of Usher's. */
export function startUsher(settings: Record<string, string>): UsherProcess {
  const foreign = Object.entries(process.env).filter(([name]) => !OURS.test(name));
  const child = spawn(process.execPath, [SCRIPT], {
    env: { ...Object.fromEntries(foreign), PORT: '0', LOG_LEVEL: 'silent', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      listeners.forEach((listener) => listener());
    });
  }
  const ended = once(child, 'close').then(
    ([code, signal]) => (code ?? signal) as number | NodeJS.Signals | null,
  );
  const says = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const give = (done: () => void): void => {
        clearTimeout(timer);
        listeners.delete(look);
        done();
      };
      const fail = (why: string) => (): void =>
        give(() => reject(new Error(`Usher ${why} ${String(pattern)}:\n${said}`)));
      const look = (): void => {
        const found = pattern.exec(said);
        if (found !== null) give(() => resolve(found));
      };
      const timer = setTimeout(fail('did not say'), READY_MS_MAX);
      listeners.add(look);
      void ended.then(fail('ended before it said'));
      look();
    });
  return {
    pid: child.pid ?? 0,
    output: () => said,
    ended,
    signal: (signal) => void child.kill(signal),
    says,
    ready: async () => (await says(/Box office\s+(http\S+?)\/\n/))[1] ?? '',
  };
}

/** Pairs of a process and its parent. */
function processes(): [pid: number, parent: number][] {
  if (!existsSync('/proc/self/stat')) {
    const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
    return [...table.matchAll(/(\d+)\s+(\d+)/g)].map(([, pid, parent]) => [+pid!, +parent!]);
  }
  return readdirSync('/proc').flatMap((name): [number, number][] => {
    if (!/^\d+$/.test(name)) return [];
    try {
      // "pid (name) state parent …", and a name may hold anything, parentheses too.
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return state === 'Z' ? [] : [[Number(name), Number(parent)]];
    } catch {
      return []; // it ended while we looked
    }
  });
}

/** A process's children, and theirs. */
export function descendantsOf(root: number): number[] {
  const table = processes();
  const found: number[] = [root];
  for (const pid of found) {
    found.push(...table.filter(([, parent]) => parent === pid).map(([child]) => child));
  }
  return found.slice(1);
}

export function aliveOf(pids: readonly number[]): number[] {
  const alive = new Set(processes().map(([pid]) => pid));
  return pids.filter((pid) => alive.has(pid));
}
