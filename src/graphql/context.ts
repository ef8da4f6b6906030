import DataLoader from 'dataloader';
import type { App } from '../app.types';

/** Who asks. A guest is a signed identity without an account. */
export type Viewer =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'user'; readonly id: string; readonly platformAdmin: boolean }
  | { readonly kind: 'guest'; readonly id: string };

export const anonymous: Viewer = { kind: 'anonymous' };

/**
 * A batch of look-ups, declared once beside the entity it loads. A request has one DataLoader for
 * each, so that a list of any length costs one statement.
 */
export interface LoaderDefinition<K, V> {
  readonly batch: (ctx: RequestContext, keys: readonly K[]) => Promise<(V | undefined)[]>;
  readonly keyOf: (key: K) => string;
}

export function defineLoader<K, V>(
  batch: LoaderDefinition<K, V>['batch'],
  keyOf: (key: K) => string = String,
): LoaderDefinition<K, V> {
  return { batch, keyOf };
}

/** Puts rows in the order of the keys they answer. */
export function inOrderOf<V>(
  keys: readonly string[],
  rows: readonly V[],
  keyOf: (row: V) => string,
): (V | undefined)[] {
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  return keys.map((key) => byKey.get(key));
}

/** What every resolver is handed: one a request over HTTP, one an operation over WebSocket. */
export class RequestContext {
  /** Made when needed: there is a context for each of very many subscribers. */
  private loaders: Map<unknown, unknown> | undefined;
  private known: Viewer | undefined;
  private listEntries = 0;
  /** Where something here was allowed by a right of staff: whether a caller has it still. */
  right: ((ctx: RequestContext) => Promise<boolean>) | undefined;

  constructor(
    readonly app: App,
    private readonly authenticate: () => Viewer,
    readonly correlationId: string,
    readonly remoteAddress: string,
  ) {}

  /**
   * Who asks; throws UNAUTHENTICATED for a token that is not good any more. Looked at only by who
   * needs it, so that a client can refresh its session while it still sends its old token.
   */
  get viewer(): Viewer {
    return (this.known ??= this.authenticate());
  }

  /** Whether anything but memory was looked at. */
  get hasLoaded(): boolean {
    return this.loaders !== undefined;
  }

  /** Notes that the answer has grown by so many entries of lists; how many it has in all. */
  countListEntries(entries: number): number {
    return (this.listEntries += entries);
  }

  /** The same caller with nothing loaded yet: for the next message of a subscription. */
  fresh(): RequestContext {
    return new RequestContext(this.app, this.authenticate, this.correlationId, this.remoteAddress);
  }

  /** What has been loaded may be out of date: the next who asks is told anew. */
  forgetLoaded(): void {
    this.loaders = undefined;
  }

  /** Loads through the request's own DataLoader of this definition; undefined where nothing is found. */
  load<K, V>(definition: LoaderDefinition<K, V>, key: K): Promise<V | undefined> {
    this.loaders ??= new Map();
    let loader = this.loaders.get(definition) as DataLoader<K, V | undefined, string> | undefined;
    if (loader === undefined) {
      loader = new DataLoader<K, V | undefined, string>((keys) => definition.batch(this, keys), {
        cacheKeyFn: definition.keyOf,
        maxBatchSize: 500,
      });
      this.loaders.set(definition, loader);
    }
    return loader.load(key);
  }

  /** Like load, for rows a foreign key promises. */
  async loadRequired<K, V>(definition: LoaderDefinition<K, V>, key: K): Promise<V> {
    const found = await this.load(definition, key);
    if (found === undefined)
      throw new Error(`a row that must exist is missing: ${definition.keyOf(key)}`);
    return found;
  }
}
