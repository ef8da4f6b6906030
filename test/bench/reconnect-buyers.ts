/** Buyers in a process of their own, for bench:reconnect: each holds one seat after another. */
export interface BuyersOrder {
  ask: 'start' | 'granted' | 'stop';
  url: string;
  eventId: string;
  tokens: string[];
}

const HOLD = `mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { __typename } }`;
let granted = 0;
let nextNo = 0;
let stopped = false;
let loops: Promise<void>[] = [];

async function buy({ url, eventId }: BuyersOrder, token: string): Promise<void> {
  while (!stopped) {
    const input = { eventId, seats: [{ no: nextNo++ }] };
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: HOLD, variables: { input } }),
    });
    if ((await response.text()).includes('"Reservation"')) granted++;
  }
}

async function obey(order: BuyersOrder): Promise<void> {
  if (order.ask === 'start') loops = order.tokens.map((token) => buy(order, token));
  if (order.ask === 'stop') {
    stopped = true;
    await Promise.all(loops);
  }
  process.send?.(granted);
}

process.on('message', (order: BuyersOrder) => void obey(order));
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
