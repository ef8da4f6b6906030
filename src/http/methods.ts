/** Says 405, and which methods there are, where a path is known and the method is not (RFC 9110, 15.5.6). */
import type { FastifyInstance } from 'fastify';

/** Answers the methods of whatever path it is asked for; knows the routes that are added from now on. */
export function methodsByPath(server: FastifyInstance): (path: string) => readonly string[] {
  const routes = new Map<string, { pattern: RegExp; methods: Set<string> }>();
  server.addHook('onRoute', ({ url, method }) => {
    const methods = [method].flat().filter((each) => each !== 'OPTIONS');
    if (methods.length === 0) return; // the browser's question whether it may ask, which is for any path
    const route = routes.get(url) ?? { pattern: patternOf(url), methods: new Set() };
    for (const each of methods) route.methods.add(each);
    routes.set(url, route);
  });
  return (path) => {
    const found = [...routes.values()].filter(({ pattern }) => pattern.test(path));
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort();
  };
}

function patternOf(url: string): RegExp {
  const parts = url.split(/(:\w+|\*)/).map((part) => {
    if (part === '*') return '.*';
    return part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`);
}
