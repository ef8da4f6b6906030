/** GraphiQL, bundled whole: queries over HTTP, subscriptions over graphql-ws, both with one token. */
import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import { createGraphiQLFetcher, type Fetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createClient } from 'graphql-ws';
import { createRoot } from 'react-dom/client';
import { webSocketUrl } from './websocket-url';
import { defaultTabs } from './graphiql-tabs';

function authorizationOf(headers: Record<string, unknown> | undefined): string | undefined {
  const entry = Object.entries(headers ?? {}).find(
    ([name]) => name.toLowerCase() === 'authorization',
  );
  return typeof entry?.[1] === 'string' && entry[1].trim() !== '' ? entry[1] : undefined;
}

/**
 * One fetcher per token. A WebSocket carries the identity it was opened with, so a tab with another
 * Authorization header needs a socket of its own; sockets open on the first subscription and close
 * after the last one.
 */
const fetchers = new Map<string | undefined, Fetcher>();

function fetcherFor(authorization: string | undefined): Fetcher {
  let fetcher = fetchers.get(authorization);
  if (!fetcher) {
    const wsClient = createClient({
      url: webSocketUrl(),
      connectionParams: authorization === undefined ? {} : { authorization },
    });
    fetcher = createGraphiQLFetcher({ url: '/graphql', wsClient });
    fetchers.set(authorization, fetcher);
  }
  return fetcher;
}

const fetchWithToken: Fetcher = (params, options) =>
  fetcherFor(authorizationOf(options?.headers))(params, options);

const container = document.getElementById('graphiql');
if (!container) throw new Error('The page has no #graphiql element');
createRoot(container).render(
  <GraphiQL
    fetcher={fetchWithToken}
    isHeadersEditorEnabled
    defaultEditorToolsVisibility="headers"
    defaultTabs={defaultTabs}
  >
    <GraphiQL.Logo>
      <a className="usher-logo" href="/">
        Usher
      </a>
    </GraphiQL.Logo>
  </GraphiQL>,
);
