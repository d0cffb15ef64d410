/**
 * The connection to the server: its events, and whether it is there. An EventSource tries again by
 * itself; one that the server refused does not, and is opened anew.
 */

/** A server that says nothing for so long is taken for lost: it speaks once a second. */
const SILENCE_MS = 5_000;
const REOPEN_MS = 2_000;

/**
 * @param {{
 *   history(value: object): void,
 *   snapshot(value: object): void,
 *   link(state: 'connecting' | 'live' | 'lost' | 'ended' | 'displaced'): void,
 * }} on
 */
export function listen(on) {
  let hasSaidBye = false;
  let silence = 0;

  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => on.link('lost'), SILENCE_MS);
  };

  const open = () => {
    const source = new EventSource('/events');
    source.addEventListener('open', () => {
      hasSaidBye = false;
      heard();
    });
    source.addEventListener('history', (event) => on.history(JSON.parse(event.data)));
    source.addEventListener('snapshot', (event) => {
      heard();
      on.link('live');
      on.snapshot(JSON.parse(event.data));
    });
    source.addEventListener('bye', () => {
      hasSaidBye = true;
    });
    source.addEventListener('displaced', () => {
      clearTimeout(silence);
      source.close();
      on.link('displaced');
    });
    source.addEventListener('error', () => {
      clearTimeout(silence);
      on.link(hasSaidBye ? 'ended' : 'lost');
      if (source.readyState !== EventSource.CLOSED) return;
      source.close();
      setTimeout(open, REOPEN_MS);
    });
  };

  on.link('connecting');
  open();
}
