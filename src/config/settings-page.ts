/**
 * The tables of docs/configuration.md, made of the settings. The rest of the page is written by hand:
 * only what stands between the two marks is replaced.
 */
import * as z from 'zod/mini';
import { textOf } from './setting-text.js';
import { FLAG_SETTINGS, flagName, SETTING_GROUPS } from './settings.js';

const BEGIN = '<!-- settings: written by `npm run settings`, do not edit -->';
const END = '<!-- end of settings -->';
/** Only a kind that takes any text takes it; what the others say of it names what they take. */
const REFUSED = '?';
const HEADER = ['variable', 'flag', 'takes', 'default', 'meaning'];

/** The page with the tables of today. @throws Error where a mark is missing */
export function withSettings(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin)
    throw new Error(`docs/configuration.md has lost ${BEGIN} or ${END}`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${settingsTables()}\n\n${page.slice(end)}`;
}

function settingsTables(): string {
  return SETTING_GROUPS.map(({ title, guide, settings }) => {
    const rows = Object.entries<z.core.$ZodType>(settings).map(([name, schema]) =>
      line([
        `\`${name}\``,
        flagOf(name),
        takesOf(schema),
        defaultOf(schema),
        textOf(schema).meaning,
      ]),
    );
    const more = guide === null ? [] : [`More in [${guide.replace(/#.*/, '')}](${guide}).\n`];
    const table = [line(HEADER), line(HEADER.map(() => '---')), ...rows];
    return [`### ${title}\n`, ...more, ...table].join('\n');
  }).join('\n\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function flagOf(name: string): string {
  if (name === 'SOURCE') return '`--source`';
  const flag = Object.entries(FLAG_SETTINGS).find(([, setting]) => setting === name)?.[0];
  return flag === undefined ? '' : `\`${flagName(flag)}\``;
}

function takesOf(schema: z.core.$ZodType): string {
  const issue = z.safeParse(schema, REFUSED).error?.issues[0];
  return textOf(schema).takes ?? issue?.message.replace(/^takes /, '') ?? 'text';
}

function defaultOf(schema: z.core.$ZodType): string {
  const value = z.safeParse(schema, undefined).data;
  const isUnset = value === undefined || (Array.isArray(value) && value.length === 0);
  return isUnset ? (textOf(schema).unset ?? 'none') : `\`${String(value)}\``;
}
