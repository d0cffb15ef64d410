/** Signs of paging by links: the header Link, and next URLs in the body. */
import { type Detector, detected, unsure } from './detection.js';
import { parseLinks } from './link-header.js';
import { firstNamed, type NamedValue, parentOf, pathOf } from './named-values.js';

/** Members that hold the URL of the next page, by their plain names. */
export const NEXT_LINK_NAMES: readonly string[] = [
  ...['odatanextlink', 'nextlink', 'nexturl', 'nextpageurl', 'nextpagelink', 'nextrecordsurl'],
  ...['nextpageuri', 'nexturi', 'nexthref', 'afterurl', 'next', 'nextpage'],
];
const TARGET_NAMES: readonly string[] = ['href', 'url', 'link', 'uri'];
const LOOKS_LIKE_URL = /^(?:https?:\/\/|\/|\?)\S/i;

export const detectHeaderLink: Detector = ({ seen }) => {
  const links = parseLinks(seen.header('link') ?? '');
  if (links === null) return unsure('has a Link header that cannot be read');
  if (!links.some(({ rels }) => rels.includes('next'))) return null;
  return detected({ type: 'header_link', rel: 'next' }, 'its Link header names the next page');
};

export const detectJsonLink: Detector = ({ values }) => {
  const direct = firstNamed(values, NEXT_LINK_NAMES, isUrl);
  const inObject = (value: NamedValue) => isUrl(value) && NEXT_LINK_NAMES.includes(parentOf(value));
  const found = direct ?? firstNamed(values, TARGET_NAMES, inObject);
  if (found === undefined) return null;
  const nextUrlPath = pathOf(found);
  return detected(
    { type: 'json_link', nextUrlPath },
    `it has the next page's URL at ${nextUrlPath}`,
  );
};

function isUrl({ value }: NamedValue): boolean {
  return typeof value === 'string' && LOOKS_LIKE_URL.test(value);
}
