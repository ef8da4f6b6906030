/** One event: its live seat map, what its seats cost, how many are left, and the reader's own. */
import { ApiError, request, subscribe, type Connection } from './api';
import { h, replaceChildren, swatch } from './dom';
import { formatCount, formatMoney, formatStart } from './format';
import { heldTogether, type Geometry } from './geometry';
import { HoldPanel } from './hold-panel';
import { EventLegend } from './event-legend';
import { followSeatMap, showEvent, type EventDetails } from './operations';
import { categoryColor } from './palette';
import { readGeometry } from './read-geometry';
import { SeatMap } from './seat-map';
import type { StatusLetter } from './seat-map-paint';

const connectionWords: Record<Connection, string> = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
};
const statusWords: Record<StatusLetter, string> = {
  A: 'Free',
  H: 'Held by somebody',
  S: 'Sold',
  B: 'Not on sale',
};
const zoomStep = 1.5;

/** Fills `root` and keeps it live until the returned function is called. */
export function showEventPage(root: HTMLElement, slug: string): () => void {
  const controller = new AbortController();
  let page: EventPage | undefined;
  const notice = h('p', { class: 'notice', role: 'status', text: 'Setting out the seats …' });
  root.append(notice);

  const open = async (): Promise<void> => {
    try {
      const { event } = await request(showEvent, { slug }, { signal: controller.signal });
      if (!event) {
        replaceChildren(notice, 'There is no such event. ', h('a', { href: '#/' }, 'All events'));
        return;
      }
      const geometry = await readGeometry(
        event.seatMap.plan.geometryUrl,
        location.href,
        controller.signal,
      );
      notice.remove();
      page = new EventPage(root, event, geometry);
    } catch (error) {
      if (controller.signal.aborted) return;
      const text = error instanceof ApiError ? error.message : 'The event cannot be shown.';
      const retry = h('button', {
        type: 'button',
        text: 'Try again',
        on: { click: () => void open() },
      });
      replaceChildren(notice, `${text} `, retry);
    }
  };
  void open();
  return () => {
    controller.abort();
    page?.destroy();
  };
}

class EventPage {
  readonly #connection = h('span', { class: 'connection', role: 'status' });
  readonly #tooltip = h('div', { class: 'tooltip', hidden: true });
  readonly #mapFrame = h('div', { class: 'map-frame' });
  readonly #map: SeatMap;
  readonly #legend: EventLegend;
  readonly #hold: HoldPanel;
  readonly #unsubscribe: () => void;
  #cursor: string;
  #mine: ReadonlySet<number> = new Set();

  constructor(
    root: HTMLElement,
    private readonly event: EventDetails,
    private readonly geometry: Geometry,
  ) {
    document.title = `${event.title} · Usher`;
    this.#cursor = event.seatMap.cursor;
    this.#legend = new EventLegend(event, geometry, {
      changeArea: (key, by) => this.#hold.changeArea(key, by),
    });
    root.className = 'event-page';
    root.append(this.#heading(), this.#mapFrame);

    this.#map = new SeatMap(this.#mapFrame, {
      onPick: (no) => this.#pick(no),
      onHover: (no, x, y) => this.#describe(no, x, y),
    });
    this.#map.setGeometry(geometry);
    this.#mapFrame.style.setProperty('--plan-aspect', String(this.#map.aspectRatio()));
    this.#hold = new HoldPanel(event, {
      onMarks: (selected, mine) => {
        this.#mine = mine;
        this.#map.setMarks(selected, mine);
      },
      heldTogether: (no) => heldTogether(geometry, no),
      labelOf: (no) => geometry.seats.label[no] ?? String(no),
      areaName: (key) => geometry.sections.find((section) => section.key === key)?.name ?? key,
    });
    this.#mapFrame.append(this.#tooltip, this.#zoomButtons());
    root.append(h('aside', { class: 'side' }, this.#hold.element, this.#legend.element));

    this.#setStatuses(event.seatMap.statuses);
    this.#legend.showAvailability(event.seatMap.availability);
    this.#showConnection('connecting');
    this.#unsubscribe = this.#follow();
  }

  destroy(): void {
    this.#unsubscribe();
    this.#hold.destroy();
    this.#map.destroy();
  }

  #follow(): () => void {
    const cursor = (): string => this.#cursor;
    const variables = {
      eventId: this.event.id,
      get after() {
        return cursor();
      },
    };
    return subscribe(followSeatMap, variables, {
      onConnection: (state) => this.#showConnection(state),
      onRefusal: (error) => {
        this.#connection.dataset.state = 'ended';
        this.#connection.textContent = error.message;
      },
      onData: ({ seatMapUpdates: update }) => {
        if (update.snapshot) this.#setStatuses(update.snapshot.statuses);
        this.#legend.count(this.#map.applyChanges(update.changes));
        this.#cursor = update.cursor;
        this.#legend.showAvailability(update.availability);
        this.#hold.dropTaken((no) => this.#map.statusOf(no) !== 'A');
      },
    });
  }

  #setStatuses(statuses: string): void {
    this.#map.setStatuses(statuses);
    this.#legend.recount(statuses);
  }

  #showConnection(state: Connection): void {
    this.#connection.dataset.state = state;
    this.#connection.textContent = connectionWords[state];
  }

  #heading(): HTMLElement {
    const { title, startsAt, timezone, venue } = this.event;
    const where = [venue.name, venue.city].filter(Boolean).join(', ');
    return h(
      'header',
      { class: 'event-heading' },
      h(
        'div',
        {},
        h('h1', { text: title }),
        h(
          'p',
          { class: 'muted' },
          h('time', { datetime: startsAt, text: formatStart(startsAt, timezone) }),
          ` · ${where}`,
        ),
      ),
      this.#connection,
    );
  }

  #zoomButtons(): HTMLElement {
    const button = (text: string, label: string, click: () => void): HTMLElement =>
      h('button', { type: 'button', 'aria-label': label, title: label, text, on: { click } });
    return h(
      'div',
      { class: 'zoom-buttons', role: 'group', 'aria-label': 'Zoom' },
      button('+', 'Zoom in', () => this.#map.zoomBy(zoomStep)),
      button('−', 'Zoom out', () => this.#map.zoomBy(1 / zoomStep)),
      button('⤢', 'Show the whole plan', () => this.#map.fit()),
    );
  }

  #pick(no: number): void {
    const section = this.#sectionOf(no);
    if (section?.generalAdmission) this.#hold.changeArea(section.key, 1);
    else if (heldTogether(this.geometry, no).every((seat) => this.#map.statusOf(seat) === 'A'))
      this.#hold.toggleSeat(no);
  }

  #sectionOf(no: number): Geometry['sections'][number] | undefined {
    return this.geometry.sections[this.geometry.seats.section[no] ?? -1];
  }

  #describe(no: number | undefined, x: number, y: number): void {
    this.#tooltip.hidden = no === undefined;
    if (no === undefined) return;
    const { seats, categories } = this.geometry;
    const index = seats.category[no] ?? 0;
    const planCategory = categories[index];
    const category = this.event.categories.find(({ key }) => key === planCategory?.key);
    const prices = category?.prices.map(({ ticketType, price }) =>
      this.event.ticketTypes.length > 1
        ? `${ticketType.name} ${formatMoney(price)}`
        : formatMoney(price),
    );
    const section = this.#sectionOf(no);
    const status = this.#map.statusOf(no);
    const state = section?.generalAdmission
      ? `${formatCount(this.#legend.freeInSection(section.key))} places free`
      : this.#mine.has(no)
        ? 'Held for you'
        : statusWords[status];
    const together = heldTogether(this.geometry, no).length;
    const name = section?.generalAdmission ? section.name : (seats.label[no] ?? '');
    replaceChildren(
      this.#tooltip,
      h('strong', { text: name }),
      h(
        'span',
        {},
        swatch(categoryColor(planCategory?.color ?? null, index)),
        category?.name ?? '',
      ),
      prices && prices.length > 0 ? h('span', { text: prices.join(' · ') }) : null,
      h('span', { class: `state state-${status}` }, state),
      seats.accessible[no] === 1 ? h('span', { text: 'Wheelchair place' }) : null,
      together > 1 ? h('span', { text: `Goes as a whole table of ${together}` }) : null,
    );
    this.#placeTooltip(x, y);
  }

  /** Beside the pointer, and always inside the map. */
  #placeTooltip(x: number, y: number): void {
    const gap = 14;
    const { offsetWidth: width, offsetHeight: height } = this.#tooltip;
    const left = x + gap + width > this.#mapFrame.clientWidth ? x - gap - width : x + gap;
    const top = y + gap + height > this.#mapFrame.clientHeight ? y - gap - height : y + gap;
    this.#tooltip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  }
}
