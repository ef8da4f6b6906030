/** What the map's colours mean, what they cost, and how many of each are left, counted as seats change. */
import { h, swatch } from './dom';
import { formatCount, formatMoney } from './format';
import type { Geometry } from './geometry';
import type { Availability, EventDetails } from './operations';
import { categoryColor } from './palette';
import type { AppliedChange } from './seat-map';

export interface LegendListener {
  changeArea(sectionKey: string, by: 1 | -1): void;
}

const counters = [
  ['available', 'Free'],
  ['held', 'Held'],
  ['sold', 'Sold'],
  ['blocked', 'Not on sale'],
] as const;

export class EventLegend {
  readonly element = h('section', {
    class: 'panel legend',
    'aria-label': 'Prices and availability',
  });
  readonly #freeByCategory: number[];
  readonly #freeBySection: number[];
  readonly #categoryCounts: HTMLElement[];
  readonly #areaCounts = new Map<number, HTMLElement>();
  readonly #counters = new Map<string, HTMLElement>();

  constructor(
    private readonly event: EventDetails,
    private readonly geometry: Geometry,
    private readonly listener: LegendListener,
  ) {
    this.#freeByCategory = geometry.categories.map(() => 0);
    this.#freeBySection = geometry.sections.map(() => 0);
    this.#categoryCounts = geometry.categories.map(() => h('span', { class: 'figure muted' }));
    const areas = this.#areas();
    this.element.append(
      this.#counterRow(),
      h('h2', { text: 'Prices' }),
      h('ul', { class: 'items' }, ...geometry.categories.map((_, index) => this.#category(index))),
      ...(areas ? [h('h2', { text: 'Unnumbered places' }), areas] : []),
      this.#statusKey(),
    );
  }

  showAvailability(availability: Availability): void {
    for (const [key] of counters) {
      const counter = this.#counters.get(key);
      if (counter) counter.textContent = formatCount(availability[key]);
    }
  }

  /** Counts a whole map anew. */
  recount(statuses: string): void {
    this.#freeByCategory.fill(0);
    this.#freeBySection.fill(0);
    const { category, section } = this.geometry.seats;
    for (let no = 0; no < statuses.length; no++) {
      if (statuses[no] !== 'A') continue;
      add(this.#freeByCategory, category[no], 1);
      add(this.#freeBySection, section[no], 1);
    }
    this.#showCounts();
  }

  /** Counts what has changed since. */
  count(changes: readonly AppliedChange[]): void {
    const { category, section } = this.geometry.seats;
    for (const { no, before, after } of changes) {
      const difference = Number(after === 'A') - Number(before === 'A');
      add(this.#freeByCategory, category[no], difference);
      add(this.#freeBySection, section[no], difference);
    }
    if (changes.length > 0) this.#showCounts();
  }

  freeInSection(key: string): number {
    return (
      this.#freeBySection[this.geometry.sections.findIndex((section) => section.key === key)] ?? 0
    );
  }

  #showCounts(): void {
    this.#categoryCounts.forEach((element, index) => {
      element.textContent = `${formatCount(this.#freeByCategory[index] ?? 0)} left`;
    });
    for (const [index, element] of this.#areaCounts) {
      element.textContent = `${formatCount(this.#freeBySection[index] ?? 0)} left`;
    }
  }

  #counterRow(): HTMLElement {
    return h(
      'dl',
      { class: 'counters' },
      ...counters.map(([key, name]) => {
        const value = h('dd', { text: '–' });
        this.#counters.set(key, value);
        return h('div', { class: `counter counter-${key}` }, h('dt', { text: name }), value);
      }),
    );
  }

  #category(index: number): HTMLElement {
    const planCategory = this.geometry.categories[index];
    const category = this.event.categories.find(({ key }) => key === planCategory?.key);
    const prices = (category?.prices ?? []).map(({ price }) => formatMoney(price));
    return h(
      'li',
      {},
      swatch(categoryColor(planCategory?.color ?? null, index)),
      h(
        'span',
        { class: 'grow' },
        category?.name ?? planCategory?.name ?? '',
        h('small', { class: 'muted', text: prices.join(' / ') }),
      ),
      this.#categoryCounts[index],
    );
  }

  #areas(): HTMLElement | null {
    const list = h('ul', { class: 'items' });
    this.geometry.sections.forEach(({ key, name, generalAdmission }, index) => {
      if (!generalAdmission) return;
      const left = h('small', { class: 'muted' });
      this.#areaCounts.set(index, left);
      const step = (by: 1 | -1): HTMLElement =>
        h('button', {
          type: 'button',
          class: 'step',
          'aria-label': by > 0 ? `One more in ${name}` : `One fewer in ${name}`,
          text: by > 0 ? '+' : '−',
          on: { click: () => this.listener.changeArea(key, by) },
        });
      list.append(h('li', {}, h('span', { class: 'grow' }, name, left), step(-1), step(1)));
    });
    return list.childElementCount > 0 ? list : null;
  }

  #statusKey(): HTMLElement {
    const entry = (kind: string, text: string): HTMLElement =>
      h('li', {}, swatch(null, `swatch-${kind}`), text);
    return h(
      'ul',
      { class: 'status-key', 'aria-label': 'Colours of seats that are not free' },
      entry('mine', 'Yours'),
      entry('held', 'Held'),
      entry('sold', 'Sold'),
      entry('blocked', 'Not on sale'),
      this.geometry.seats.accessible.includes(1) && entry('accessible', 'Wheelchair'),
    );
  }
}

function add(counts: number[], index: number | undefined, difference: number): void {
  if (index !== undefined) counts[index] = (counts[index] ?? 0) + difference;
}
