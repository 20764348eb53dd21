// @ts-check
/** The browser's history: one entry for each query, corpus or evaluation, none for what is pointed at. */

/** Parameters that name what is looked at; all others say how. */
const SUBJECTS = ["corpus", "upload", "q", "evaluation", "queue"];

/**
 * Tell whether two addresses of one page have the same subject; an address without one has any.
 *
 * @param {URL} here
 * @param {URL} there
 */
export function sameSubject(here, there) {
  if (here.pathname !== there.pathname) return false;
  if (!SUBJECTS.some((name) => here.searchParams.has(name))) return true;
  return SUBJECTS.every((name) => here.searchParams.get(name) === there.searchParams.get(name));
}

/**
 * Let a new address of the same subject take the place of the old one.
 *
 * Streamlit makes an entry for every change of the address; Back would lead through all of them.
 *
 * @param {History} history
 */
function join(history) {
  const push = history.pushState.bind(history);
  history.pushState = (state, title, url) => {
    const here = new URL(location.href);
    if (sameSubject(here, new URL(url ?? "", here))) history.replaceState(state, title, url);
    else push(state, title, url);
  };
}

/** Milliseconds after which a page has drawn what it shows at first. */
const DRAWN_MS = 4000;

/**
 * Streamlit calls this once for each page that is opened; the browser's history is one.
 *
 * @param {object} component
 * @param {{ ahead: string } | null} component.data the script that a first chart needs: large, and
 *   loaded when nothing else is to be done
 */
export default function render({ data }) {
  const page = /** @type {any} */ (globalThis);
  if (page.rerankLabHistory) return;
  page.rerankLabHistory = true;
  join(history);
  if (!data?.ahead) return;
  setTimeout(() => requestIdleCallback(() => import(new URL(data.ahead, location.href).href).catch(() => {})), DRAWN_MS);
}
