import type { Answer, House } from '../../support/house';

export interface WebhookData {
  id: string;
  url: string;
  types: string[];
  active: boolean;
  secret: string | null;
  disabledReason: string | null;
  failingSince: string | null;
  previousSecretUntil: string | null;
}
export interface DeliveryData {
  id: string;
  domainEventId: string;
  type: string;
  status: string;
  attempts: number;
  statusCode: number | null;
  error: string | null;
  durationMs: number | null;
  nextAttemptAt: string | null;
  replay: boolean;
}

const WEBHOOK = 'id url types active secret disabledReason failingSince previousSecretUntil';
const DELIVERY =
  'id domainEventId type status attempts statusCode error durationMs nextAttemptAt replay';

type Made = { webhook: WebhookData; secret: string };

/** The API's words for webhooks, as somebody with this token. */
export function webhooksAs(house: House, token: string | undefined) {
  const ask = <T>(query: string, variables: Record<string, unknown>): Promise<Answer<T>> =>
    house.gql<T>(query, variables, { expectErrors: true, ...(token !== undefined && { token }) });
  return {
    create: (input: Record<string, unknown>) =>
      ask<{ createWebhook: Made }>(
        `mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { secret webhook { ${WEBHOOK} } } }`,
        { input },
      ),
    update: (input: Record<string, unknown>) =>
      ask<{ updateWebhook: WebhookData }>(
        `mutation ($input: UpdateWebhookInput!) { updateWebhook(input: $input) { ${WEBHOOK} } }`,
        { input },
      ),
    remove: (id: string) =>
      ask<{ deleteWebhook: boolean }>('mutation ($id: ID!) { deleteWebhook(id: $id) }', { id }),
    rotate: (id: string) =>
      ask<{ rotateWebhookSecret: Made }>(
        `mutation ($id: ID!) { rotateWebhookSecret(id: $id) { secret webhook { ${WEBHOOK} } } }`,
        { id },
      ),
    replay: (input: Record<string, unknown>) =>
      ask<{ replayWebhook: WebhookData }>(
        `mutation ($input: ReplayWebhookInput!) { replayWebhook(input: $input) { ${WEBHOOK} } }`,
        { input },
      ),
    see: (id: string) =>
      ask<{ webhook: WebhookData | null; node: { id: string } | null }>(
        `query ($id: ID!) { webhook(id: $id) { ${WEBHOOK} } node(id: $id) { id } }`,
        { id },
      ),
    list: (id: string) =>
      ask<{ organization: { webhooks: WebhookData[] } }>(
        `query ($id: ID!) { organization(id: $id) { webhooks { ${WEBHOOK} } } }`,
        { id },
      ),
    log: async (id: string, args = 'first: 100'): Promise<DeliveryData[]> => {
      const { data, errors } = await ask<{
        webhook: { deliveries: { edges: { node: DeliveryData }[] } };
      }>(
        `query ($id: ID!) { webhook(id: $id) { deliveries(${args}) { totalCount edges { node { ${DELIVERY} } } } } }`,
        { id },
      );
      if (errors !== undefined) throw new Error(JSON.stringify(errors));
      return data.webhook.deliveries.edges.map(({ node }) => node);
    },
  };
}
