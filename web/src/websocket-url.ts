/** Where this page's own server takes WebSockets: same host, and encrypted where the page is. */
export function webSocketUrl(): string {
  const url = new URL('/graphql', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
