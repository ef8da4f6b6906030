const SLUG_LENGTH_MAX = 60;

/** Lower-case letters, digits and single hyphens; empty where the name has nothing of the kind. */
function slugOf(name: string): string {
  return name
    .replace(/ß/g, 'ss')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, SLUG_LENGTH_MAX)
    .replace(/^-|-$/g, '');
}

/**
 * Hands out names that are all different: the second "A" becomes "A (2)". Deterministic, so that the
 * same document always gives the same names; counts on from the last number given, so that a hundred
 * thousand equal names stay linear.
 */
export class UniqueNames {
  private readonly taken = new Set<string>();
  private readonly nextNumbers = new Map<string, number>();

  constructor(
    private readonly numbered: (name: string, n: number) => string = (name, n) => `${name} (${n})`,
  ) {}

  claim(wanted: string): string {
    let name = wanted;
    if (this.taken.has(name)) {
      let n = this.nextNumbers.get(wanted) ?? 2;
      while (this.taken.has(this.numbered(wanted, n))) n += 1;
      name = this.numbered(wanted, n);
      this.nextNumbers.set(wanted, n + 1);
    }
    this.taken.add(name);
    return name;
  }
}

/** Unique keys made of names; `fallback` names what has no Latin letter or digit in it. */
export class UniqueKeys {
  private readonly names = new UniqueNames((name, n) => `${name}-${n}`);
  private count = 0;

  constructor(private readonly fallback: string) {}

  claim(name: string): string {
    this.count += 1;
    return this.names.claim(slugOf(name) || `${this.fallback}-${this.count}`);
  }
}
