import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../src/config';
import { claimDataDir, type DataDirClaim } from '../../src/infra/embedded/data-dir';
import { birthOf, endStranger } from '../../src/infra/embedded/pids';
import { keptSecret } from '../../src/infra/embedded/secrets';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'usher-data-dir-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function claimAtOnce(times: number): Promise<DataDirClaim[]> {
  const results = await Promise.allSettled(
    Array.from({ length: times }, () => claimDataDir(folder)),
  );
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(ConfigError);
  }
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

describe('claimDataDir', () => {
  it('refuses while it is held, naming the holder, and gives it again after the release', async () => {
    const claim = await claimDataDir(folder);
    await expect(claimDataDir(folder)).rejects.toThrow(
      `Usher already runs on this data folder (pid ${process.pid})`,
    );
    await claim.release();
    const again = await claimDataDir(folder);
    await claim.release(); // a second time does not take the new holder's lock away
    await expect(claimDataDir(folder)).rejects.toThrow('already runs');
    await again.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('holds one part without holding the others', async () => {
    const claims = [await claimDataDir(folder, 'postgres'), await claimDataDir(folder, 'redis')];
    await expect(claimDataDir(folder, 'redis')).rejects.toThrow('already runs');
    for (const claim of claims) await claim.release();
  });

  it('takes over from a process that is dead, and from one whose pid was given out again', async () => {
    const gone = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
    await once(gone, 'exit');
    await writeFile(join(folder, 'usher.lock.1'), `${gone.pid ?? 0}\nlong ago\n`);
    const first = await claimDataDir(folder);
    await first.release();
    await writeFile(join(folder, 'usher.lock.7'), `${process.pid}\nnot when this one was born\n`);
    const second = await claimDataDir(folder);
    expect(await readdir(folder)).toEqual(['usher.lock.8']);
    await second.release();
  });

  it.each([0, 1, 41])('gives it to one of many at once (stale lock: %i)', async (stale) => {
    if (stale > 0) await writeFile(join(folder, `usher.lock.${stale}`), 'damaged');
    const claims = await claimAtOnce(12);
    expect(claims).toHaveLength(1);
    await claims[0]?.release();
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('keptSecret', () => {
  it('makes 48 random bytes once, for the eyes of its owner', async () => {
    const secret = await keptSecret(folder, 'jwt');
    expect(Buffer.from(secret, 'base64url')).toHaveLength(48);
    expect(await keptSecret(folder, 'jwt')).toBe(secret);
    expect(await keptSecret(folder, 'other')).not.toBe(secret);
    expect((await stat(join(folder, 'secrets', 'jwt'))).mode & 0o777).toBe(0o600);
  });

  it('gives the same one to all that ask at once, and leaves nothing else behind', async () => {
    const secrets = await Promise.all(Array.from({ length: 20 }, () => keptSecret(folder, 'jwt')));
    expect(new Set(secrets).size).toBe(1);
    expect(await readdir(join(folder, 'secrets'))).toEqual(['jwt']);
  });

  it('refuses a damaged one instead of signing with it', async () => {
    await keptSecret(folder, 'jwt');
    await writeFile(join(folder, 'secrets', 'jwt'), '');
    await expect(keptSecret(folder, 'jwt')).rejects.toThrow('is damaged');
  });
});

describe('pids', () => {
  it('tells a process from a later one with its number, and a zombie from a living one', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      stdio: 'ignore',
    });
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    const birth = await birthOf(pid);
    expect(birth).toBeTruthy();
    expect(await birthOf(pid)).toBe(birth);
    expect(await birthOf(process.pid)).not.toBe(birth);
    expect(await endStranger(pid, [{ signal: 'SIGKILL', waitMs: 5_000 }])).toBe(true);
    expect(await birthOf(pid)).toBeUndefined();
  });
});
