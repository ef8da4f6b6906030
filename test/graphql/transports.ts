import type { GraphQLError, House } from '../support/house';

/** The answer of one operation, whatever carried it. */
export interface Outcome {
  data?: unknown;
  errors?: readonly GraphQLError[];
}
export type Ask = (
  house: House,
  query: string,
  variables?: Record<string, unknown>,
) => Promise<Outcome>;

const overHttp: Ask = (house, query, variables) =>
  house.gql(query, variables, { expectErrors: true });

const overWebSocket: Ask = async (house, query, variables) => {
  const client = house.subscriptions();
  const messages = client.subscribe(query, variables);
  const answer = await messages.next().then(
    (data): Outcome => ({ data }),
    (reason: unknown): Outcome => {
      if (!Array.isArray(messages.error)) throw reason;
      return { errors: messages.error as GraphQLError[] };
    },
  );
  await client.close();
  return answer;
};

/** Both ways in. What holds for one must hold for the other. */
export const TRANSPORTS: [string, Ask][] = [
  ['HTTP', overHttp],
  ['WebSocket', overWebSocket],
];

export const codesOf = (outcome: Outcome): string[] =>
  (outcome.errors ?? []).map((error) => error.extensions.code);
