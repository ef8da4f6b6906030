import type { RequestContext } from './context';

/** Counts a subscription's iterator in the `usher_subscribers` gauge for as long as it is open. */
export function counted<T>(
  ctx: RequestContext,
  field: string,
  source: AsyncIterableIterator<T>,
): AsyncIterableIterator<T> {
  const gauge = ctx.app.metrics.subscribers;
  gauge.inc({ field });
  let open = true;
  const close = () => {
    if (open) gauge.dec({ field });
    open = false;
  };
  const counting: AsyncIterableIterator<T> = {
    async next() {
      try {
        const result = await source.next();
        if (result.done) close();
        return result;
      } catch (error) {
        close();
        throw error;
      }
    },
    async return() {
      close();
      return (await source.return?.()) ?? { done: true, value: undefined };
    },
    async throw(error: unknown) {
      close();
      if (source.throw === undefined) throw error;
      return source.throw(error);
    },
    [Symbol.asyncIterator]: () => counting,
  };
  return counting;
}
