/** What a page looks like, in figures. */
import type { Page } from 'playwright-core';

export interface Measured {
  /** Pixels by which the page is wider than the window. */
  readonly scroll: number;
  /** The smallest text, in pixels. */
  readonly least: number;
  /** The weakest contrast of a text with the nearest background behind it. */
  readonly contrast: { readonly ratio: number; readonly text: string };
}

export function measured(page: Page): Promise<Measured> {
  return page.evaluate<Measured>(MEASURE);
}

/** Run in the page. */
const MEASURE = `(() => {
  const texts = [...document.querySelectorAll('body *')].filter((each) =>
    each.offsetParent !== null &&
    [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== ''));
  const parse = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (color) => parse(color).slice(0, 3)
    .map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const backgroundOf = (element) => {
    for (let each = element; each !== null; each = each.parentElement) {
      const color = getComputedStyle(each).backgroundColor;
      if (parse(color)[3] !== 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const contrasts = texts.map((element) => {
    const both = [getComputedStyle(element).color, backgroundOf(element)].map(luminance);
    const ratio = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
    return { ratio, text: element.textContent.trim().slice(0, 40) };
  });
  return {
    scroll: document.documentElement.scrollWidth - window.innerWidth,
    least: Math.min(...texts.map((each) => parseFloat(getComputedStyle(each).fontSize))),
    contrast: contrasts.reduce((worst, each) => (each.ratio < worst.ratio ? each : worst)),
  };
})()`;
