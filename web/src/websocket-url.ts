/** Where the server at `base` takes WebSockets: same host, and encrypted where the page is. */
export function webSocketUrl(base: string = location.href): string {
  const url = new URL('/graphql', base);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
