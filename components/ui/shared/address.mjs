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

/** Streamlit calls this once for each page that is opened; the browser's history is one. */
export default function render() {
  const page = /** @type {any} */ (globalThis);
  if (!page.rerankLabHistory) join(history);
  page.rerankLabHistory = true;
}
