const EVERY_MS = 50;

/** What `look` finds, as soon as it fits: for what another process or loop brings about. */
export async function eventually<T>(
  look: () => Promise<T>,
  fits: (found: T) => boolean,
  withinMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (fits(found)) return found;
    if (performance.now() > deadline)
      throw new Error(
        `did not come about within ${withinMs} ms; last seen: ${JSON.stringify(found)}`,
      );
    await new Promise((again) => setTimeout(again, EVERY_MS));
  }
}
