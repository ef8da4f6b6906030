/** The first page: what is on, from when, where, from how much, and how full it is. */
import { request, subscribe, ApiError } from './api';
import { h, replaceChildren } from './dom';
import { calendarLeaf, formatCount, formatMoney, formatStart } from './format';
import { followAvailability, listEvents, type Availability, type EventSummary } from './operations';

const pageSize = 50;
/** A list of any length is read page by page; nobody scrolls through more than this. */
const pagesMax = 10;
const refreshMs = 15_000;
/** What one subscription follows; counts of later rows come with the next refresh. */
const followedMax = 50;

/** Fills `root` and keeps the counts fresh until the returned function is called. */
export function showEventList(root: HTMLElement): () => void {
  document.title = 'Usher box office';
  const controller = new AbortController();
  const list = h('ul', { class: 'event-list' });
  const notice = h('p', { class: 'notice', role: 'status', text: 'Looking up what is on …' });
  root.append(
    h(
      'div',
      { class: 'list-page' },
      h('h1', { text: 'On sale' }),
      h('p', {
        class: 'lead',
        text: 'Pick an event to see its seats, and watch them as they are taken.',
      }),
      notice,
      list,
    ),
  );

  let rows = new Map<string, EventRow>();
  let followed = '';
  let unfollow = (): void => undefined;
  const follow = (eventIds: string[]): void => {
    if (eventIds.join() === followed) return;
    unfollow();
    followed = eventIds.join();
    if (eventIds.length === 0) return;
    unfollow = subscribe(
      followAvailability,
      { eventIds },
      {
        onData: ({ eventAvailabilityUpdates: { eventId, availability } }) =>
          rows.get(eventId)?.show(availability),
        onConnection: () => undefined,
        // An event has gone from the list; the next refresh follows what it has then.
        onRefusal: () => (followed = ''),
      },
    );
  };

  const refresh = async (): Promise<void> => {
    if (document.hidden) return;
    try {
      const events = await readEvents(controller.signal);
      notice.textContent = events.length === 0 ? 'Nothing is on sale at the moment.' : '';
      const focusedHref = document.activeElement?.getAttribute('href');
      rows = new Map(events.map((event) => [event.id, eventRow(event)]));
      replaceChildren(list, ...[...rows.values()].map(({ element }) => element));
      follow(events.slice(0, followedMax).map(({ id }) => id));
      if (focusedHref)
        list.querySelector<HTMLElement>(`[href="${CSS.escape(focusedHref)}"]`)?.focus();
    } catch (error) {
      if (controller.signal.aborted) return;
      notice.textContent =
        error instanceof ApiError ? error.message : 'The events cannot be shown.';
    }
  };
  void refresh();
  const timer = setInterval(() => void refresh(), refreshMs);
  document.addEventListener('visibilitychange', () => void refresh(), {
    signal: controller.signal,
  });
  return () => {
    clearInterval(timer);
    controller.abort();
    unfollow();
  };
}

async function readEvents(signal: AbortSignal): Promise<EventSummary[]> {
  const events: EventSummary[] = [];
  let after: string | null = null;
  for (let page = 0; page < pagesMax; page++) {
    const { events: connection }: Awaited<ReturnType<typeof readPage>> = await readPage(
      after,
      signal,
    );
    events.push(...connection.edges.map((edge) => edge.node));
    if (!connection.pageInfo.hasNextPage) break;
    after = connection.pageInfo.endCursor;
  }
  return events;
}

function readPage(after: string | null, signal: AbortSignal) {
  return request(listEvents, { first: pageSize, after }, { signal });
}

interface EventRow {
  element: HTMLElement;
  show: (availability: Availability) => void;
}

function eventRow(event: EventSummary): EventRow {
  const fullness = h('span', { class: 'fullness' });
  const show = (availability: Availability): void =>
    replaceChildren(
      fullness,
      availabilityBar(availability),
      h('span', { class: 'muted small', text: fullnessOf(availability) }),
    );
  show(event.availability);
  return { element: rowOf(event, fullness), show };
}

function rowOf(event: EventSummary, fullness: HTMLElement): HTMLElement {
  const leaf = calendarLeaf(event.startsAt, event.timezone);
  const place = [event.venue.name, event.venue.city].filter(Boolean).join(', ');
  return h(
    'li',
    {},
    h(
      'a',
      { class: 'event-row', href: `#/events/${encodeURIComponent(event.slug)}` },
      h(
        'span',
        { class: 'leaf', 'aria-hidden': 'true' },
        h('span', { class: 'leaf-month', text: leaf.month }),
        h('span', { class: 'leaf-day', text: leaf.day }),
        h('span', { class: 'leaf-weekday', text: leaf.weekday }),
      ),
      h(
        'span',
        { class: 'event-what' },
        h('strong', { text: event.title }),
        h('span', { class: 'muted', text: place }),
        h('time', {
          class: 'muted',
          datetime: event.startsAt,
          text: formatStart(event.startsAt, event.timezone),
        }),
      ),
      h(
        'span',
        { class: 'event-offer' },
        h(
          'span',
          { class: 'price' },
          event.priceFrom && h('small', { text: 'from ' }),
          offerOf(event),
        ),
        fullness,
      ),
    ),
  );
}

function offerOf(event: EventSummary): string {
  if (!event.onSale) return 'Not on sale';
  return event.priceFrom ? formatMoney(event.priceFrom) : '';
}

function fullnessOf({ available, total }: Availability): string {
  if (available === 0) return 'Sold out';
  return `${formatCount(available)} of ${formatCount(total)} left`;
}

function availabilityBar({ total, available, held }: Availability): HTMLElement {
  const bar = h('span', { class: 'bar', 'aria-hidden': 'true' });
  const part = (count: number, kind: string): void => {
    const element = h('span', { class: kind });
    element.style.width = `${total > 0 ? (count / total) * 100 : 0}%`;
    bar.append(element);
  };
  part(available, 'bar-available');
  part(held, 'bar-held');
  return bar;
}
