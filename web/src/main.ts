/** The box office: which page is shown is in the address, after the #. */
import { showEventList } from './event-list';
import { showEventPage } from './event-page';
import { h, replaceChildren } from './dom';

const eventRoute = /^#\/events\/([^/?#]+)$/;

const page = document.getElementById('page');
if (!page) throw new Error('The page has no #page element');
let leave: (() => void) | undefined;

function route(root: HTMLElement): void {
  leave?.();
  root.replaceChildren();
  root.className = '';
  const slug = eventRoute.exec(location.hash)?.[1];
  if (slug !== undefined) leave = showEventPage(root, decodeURIComponent(slug));
  else if (location.hash === '' || location.hash === '#/') leave = showEventList(root);
  else {
    leave = undefined;
    replaceChildren(
      root,
      h('p', { class: 'notice' }, 'There is no such page. ', h('a', { href: '#/' }, 'All events')),
    );
  }
}

window.addEventListener('hashchange', () => {
  route(page);
  window.scrollTo(0, 0);
  // Readers of the screen by ear start at the new page, as they would after a full load.
  page.focus({ preventScroll: true });
});
route(page);
