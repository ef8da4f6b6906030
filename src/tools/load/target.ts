/** A running Usher as load sees it: one or more processes, some of which may be dying. */

/** What came of one operation, as far as a client can know. */
export interface Outcome {
  /** A result's __typename, an error's code, or UNKNOWN where no answer came. */
  kind: string;
  /** The operation's field; undefined where there is none. */
  data: Record<string, unknown> | undefined;
}

/** Counts and latencies of a run, by operation. */
export class Tally {
  private readonly kinds = new Map<string, number>();
  private readonly latenciesMs: number[] = [];

  add(operation: string, kind: string, ms: number): void {
    const name = `${operation}: ${kind}`;
    this.kinds.set(name, (this.kinds.get(name) ?? 0) + 1);
    this.latenciesMs.push(ms);
  }

  count(operation: string, kind: string): number {
    return this.kinds.get(`${operation}: ${kind}`) ?? 0;
  }

  /** Outcomes of one kind, whatever the operation. */
  countKind(kind: string): number {
    return [...this.kinds].reduce(
      (sum, [name, n]) => sum + (name.endsWith(`: ${kind}`) ? n : 0),
      0,
    );
  }

  lines(seconds: number): string[] {
    const sorted = [...this.latenciesMs].sort((a, b) => a - b);
    const at = (share: number): string =>
      (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
    return [
      `${sorted.length} operations in ${seconds.toFixed(1)} s: ${(sorted.length / seconds).toFixed(0)}/s`,
      `latency ms: p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, max ${at(1)}`,
      ...[...this.kinds].sort().map(([name, n]) => `  ${name} ${n}`),
    ];
  }
}

const ANSWER_MS_MAX = 20_000;

export class Target {
  private turn = 0;

  constructor(
    readonly urls: string[],
    readonly tally: Tally = new Tally(),
  ) {}

  /** One operation with one field, at any of the processes. Never throws: no answer is an outcome too. */
  async ask(
    operation: string,
    query: string,
    variables: Record<string, unknown>,
    token?: string,
  ): Promise<Outcome> {
    const url = this.urls[this.turn++ % this.urls.length] ?? '';
    const startedAt = performance.now();
    const outcome = await this.send(url, query, variables, token);
    this.tally.add(operation, outcome.kind, performance.now() - startedAt);
    return outcome;
  }

  /** The same for what must work: throws with the answer where it does not. */
  async need(
    query: string,
    variables: Record<string, unknown> = {},
    token?: string,
  ): Promise<Record<string, unknown>> {
    const url = this.urls[0] ?? '';
    const { kind, data } = await this.send(url, query, variables, token);
    if (kind === 'UNKNOWN') throw new Error(`no Usher answers at ${url}`);
    if (data === undefined) throw new Error(`${kind} to: ${query.trim().slice(0, 100)}`);
    return data;
  }

  /** need() for a field that is a list. */
  async needList(
    query: string,
    variables: Record<string, unknown>,
    token?: string,
  ): Promise<unknown[]> {
    const list: unknown = await this.need(query, variables, token);
    if (!Array.isArray(list)) throw new Error(`no list came to: ${query.slice(0, 100)}`);
    return list as unknown[];
  }

  private async send(
    url: string,
    query: string,
    variables: Record<string, unknown>,
    token: string | undefined,
  ): Promise<Outcome> {
    try {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ query, variables }),
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      return outcomeOf(await response.json());
    } catch {
      return { kind: 'UNKNOWN', data: undefined };
    }
  }
}

function outcomeOf(answer: unknown): Outcome {
  const { data, errors } = answer as {
    data?: Record<string, Record<string, unknown> | null> | null;
    errors?: { extensions?: { code?: string } }[];
  };
  if (errors !== undefined)
    return { kind: errors[0]?.extensions?.code ?? 'ERROR', data: undefined };
  const field = Object.values(data ?? {})[0];
  const typename = field?.['__typename'];
  return { kind: typeof typename === 'string' ? typename : 'ok', data: field ?? undefined };
}
