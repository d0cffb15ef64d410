/** Properties of events: a few dozen objects a type, some of them awkward to scan. */
import type { EventType } from './dataset.js';

const PAGES = ['/home', '/pricing', '/docs/start', '/blog', '/cart', '/münchen', '/about'];
const BUTTONS = ['cta_signup', 'nav_menu', 'add_to_cart', 'a[href="/x"]', 'share'];
const FORMS = ['newsletter', 'contact', 'checkout', 'login', 'feedback'];
const ERRORS = ['timeout', 'unexpected token }', 'null is not an object', 'caf\u00e9 \u2615 {"}'];

/** Properties of one type; `draw` varies them. Braces, quotes and letters beyond ASCII occur. */
export function propertiesOf(type: EventType, draw: number): object {
  const pick = (texts: readonly string[]) => texts[draw % texts.length];
  switch (type) {
    case 'page_view':
      return draw % 16 === 0 ? {} : { page: pick(PAGES) };
    case 'click':
      return { button: pick(BUTTONS) };
    case 'api_call':
      return { status: draw % 9 === 0 ? 500 : 200, ms: draw * 7 };
    case 'form_submit':
      return { form: pick(FORMS), fields: [draw % 5, 1] };
    case 'scroll':
      return { depth: (draw * 13) % 101 };
    case 'purchase':
      return { amount: draw + 0.99, currency: 'EUR' };
    case 'error':
      return { message: pick(ERRORS), fatal: draw % 2 === 0 };
    case 'video_play':
      return { position: draw * 2.5, id: draw };
  }
}
