/**
 * Replace the address of the history entry at hand.
 *
 * @param {{ data: { page: string, query: string } }} component
 */
export default function address({ data }) {
  const url = new URL(window.location.href);
  if (!url.pathname.endsWith(data.page)) return; // the visitor is on another page by now
  url.search = data.query;
  if (url.href !== window.location.href) window.history.replaceState({}, "", url);
}
