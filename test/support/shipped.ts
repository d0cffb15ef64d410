/**
 * The shipped source files, each with the server that keeps its API's contract. Quotas of minutes and days
 * are written anew as ones of a second, in the file as in the contract: a run is then short and still paced.
 */
import type { ApiContract, JsonRecord } from './apis/contract.js';
import { type Draw, epochSeconds, isoMilliseconds, isoSeconds } from './apis/draw.js';
import { github } from './apis/github.js';
import { gitlab } from './apis/gitlab.js';
import { hubspot } from './apis/hubspot.js';
import { minuteOf, NOTION_DATABASE, notion } from './apis/notion.js';
import { OAUTH_CLIENT, oauth } from './apis/oauth.js';
import { offsetApi } from './apis/offset-api.js';
import { pageNumberApi } from './apis/page-number-api.js';
import { salesforce } from './apis/salesforce.js';
import { shopify } from './apis/shopify.js';
import { SLACK_CHANNEL, slack } from './apis/slack.js';
import { stripe } from './apis/stripe.js';
import { timeWindowApi } from './apis/time-window-api.js';
import { ZENDESK_USER, zendesk } from './apis/zendesk.js';
import type { SourceCase } from './sources.js';

export interface ShippedSource extends SourceCase {
  readonly contract: () => ApiContract<string>;
  /**
   * What a change leaves in a record, where a later run is told of it; null: it is told of new records alone.
   * Left out: every run reads all.
   */
  readonly changed?: ((draw: Draw) => JsonRecord) | null;
}

const KEY = 'fixture-key';
/** So quick that a chain keeps up with the limit. */
const LATENCY_MS = 20;
const limit = { quota: 20, windowMs: 1_000 };
const QUOTA = '{ quota: 20, window: 1s }';
const pages = { count: 430, pageSizeMax: 20, latencyMs: LATENCY_MS, limit };
/** Where places can be computed: slower, so that a program may have several pages on their way. */
const placed = { ...pages, latencyMs: 60 };
/** The file's own limit is at work. */
const stripePages = { ...pages, count: 630, limit: null };
/** Its own limit, announced: in a window of the clock a request that is late by a moment counts in the next. */
const gitlabPages = { count: 430, pageSizeMax: 20, latencyMs: LATENCY_MS };
const GITHUB = { GITHUB_TOKEN: KEY, GITHUB_REPO: 'someone/something' };
/** Written where a sample says to set its address. */
const SAMPLE_URL = 'base_url: https://api.example.com/v1';

export const SHIPPED: readonly ShippedSource[] = [
  {
    ...{ source: 'github', stream: 'issues', key: ['id'], env: GITHUB },
    changed: (draw) => ({ title: 'changed', updated_at: isoSeconds(draw.updatedMs) }),
    contract: () => github(pages),
  },
  {
    ...{ source: 'github', stream: 'commits', key: ['sha'], env: GITHUB },
    edits: [['lag: 30d', 'lag: 1h']],
    changed: null,
    contract: () => github(pages),
  },
  {
    ...{ source: 'stripe', stream: 'events', key: ['id'], basePath: '/v1' },
    env: { STRIPE_TOKEN: KEY },
    edits: [['max: 100', 'max: 20']],
    changed: null,
    contract: () => stripe(stripePages),
  },
  {
    ...{ source: 'stripe', stream: 'charges', key: ['id'], basePath: '/v1' },
    env: { STRIPE_TOKEN: KEY },
    edits: [
      ['max: 100', 'max: 20'],
      ['lag: 7d', 'lag: 1h'],
    ],
    changed: null,
    contract: () => stripe(stripePages),
  },
  {
    ...{ source: 'shopify', stream: 'orders', key: ['id'], basePath: '/admin/api/2026-01' },
    env: { SHOPIFY_SHOP: 'acme', SHOPIFY_API_KEY: KEY },
    edits: [['first: 250', 'first: 20']],
    changed: (draw) => ({ note: 'changed', updatedAt: isoSeconds(draw.updatedMs) }),
    // Room for six queries, and for ten more each second.
    contract: () =>
      shopify({ count: 430, latencyMs: LATENCY_MS, capacity: 132, restorePerSecond: 220 }),
  },
  {
    ...{ source: 'slack', stream: 'messages', key: ['ts'], basePath: '/api' },
    env: { SLACK_TOKEN: KEY, SLACK_CHANNEL },
    edits: [
      ['{ quota: 50, window: 60s }', QUOTA],
      ['max: 200', 'max: 20'],
      ['lag: 1d', 'lag: 1h'],
    ],
    changed: null,
    contract: () => slack(pages),
  },
  {
    ...{ source: 'hubspot', stream: 'contacts', key: ['id'] },
    env: { HUBSPOT_TOKEN: KEY },
    edits: [['max: 100', 'max: 20']],
    contract: () => hubspot(pages),
  },
  {
    ...{ source: 'zendesk', stream: 'tickets', key: ['id'], basePath: '/api/v2' },
    env: {
      ZENDESK_SUBDOMAIN: 'acme',
      ZENDESK_EMAIL: ZENDESK_USER.replace('/token', ''),
      ZENDESK_API_KEY: KEY,
    },
    edits: [['{ quota: 10, window: 60s }', QUOTA]],
    changed: (draw) => ({
      ...{ subject: 'changed', updated_at: isoSeconds(draw.updatedMs) },
      generated_timestamp: epochSeconds(draw.updatedMs),
    }),
    contract: () => zendesk(pages),
  },
  {
    ...{ source: 'notion', stream: 'pages', key: ['id'], basePath: '/v1' },
    env: { NOTION_TOKEN: KEY, NOTION_DATABASE },
    edits: [
      ['page_size: 100', 'page_size: 20'],
      ['{ quota: 180, window: 60s }', QUOTA],
    ],
    changed: (draw) => ({ archived: true, last_edited_time: minuteOf(draw.updatedMs) }),
    contract: () => notion(pages),
  },
  {
    ...{ source: 'salesforce', stream: 'accounts', key: ['Id'] },
    env: ({ origin }) => ({
      SALESFORCE_URL: origin,
      SALESFORCE_CLIENT_ID: OAUTH_CLIENT.id,
      SALESFORCE_CLIENT_SECRET: OAUTH_CLIENT.secret,
    }),
    edits: [['{ quota: 15000, window: 24h }', QUOTA]],
    changed: (draw) => ({
      ...{ Name: 'changed', SystemModstamp: isoMilliseconds(draw.updatedMs).replace('Z', '+0000') },
    }),
    // No batch is smaller than 200.
    contract: () =>
      oauth(salesforce({ ...pages, count: 4_300, pageSizeMax: 200 }), {
        path: '/services/oauth2/token',
      }),
  },
  {
    ...{ source: 'gitlab', stream: 'issues', key: ['id'], basePath: '/api/v4' },
    env: { GITLAB_TOKEN: KEY, GITLAB_PROJECT: '278964' },
    changed: (draw) => ({ title: 'changed', updated_at: isoMilliseconds(draw.updatedMs) }),
    contract: () => gitlab({ ...gitlabPages, projects: 1 }),
  },
  {
    ...{ source: 'example-offset', stream: 'items', key: ['id'] },
    env: { EXAMPLE_OFFSET_TOKEN: KEY },
    edits: [
      [SAMPLE_URL, `${SAMPLE_URL}\n  auth: { type: bearer }`],
      ['limit: 100', 'limit: 20'],
      ['max: 100', 'max: 20'],
    ],
    contract: () => offsetApi({ ...placed, limit: { quota: 10, windowMs: 1_000 } }),
  },
  {
    ...{ source: 'example-page-number', stream: 'items', key: ['id'] },
    env: { EXAMPLE_PAGE_NUMBER_API_KEY: KEY },
    edits: [
      ['data_selector: data', 'data_selector: items'],
      ['meta.total_pages', 'total_pages'],
      ['{ quota: 60, window: 60s }', QUOTA],
      ['max: 100', 'max: 20'],
    ],
    contract: () => pageNumberApi({ ...placed, tells: 'total_pages' }),
  },
  {
    ...{ source: 'example-time-window', stream: 'readings', records: 'events', key: ['id'] },
    env: { EXAMPLE_TIME_WINDOW_TOKEN: KEY },
    edits: [
      ['primary_key: [sensor, time]', 'primary_key: id'],
      ['path: readings', 'path: events'],
      ['data_selector: readings', 'data_selector: events'],
      ['start_param: from', 'start_param: start'],
      ['end_param: to', 'end_param: end'],
      ['end: now', "end: '2024-01-03T00:00:00Z'"],
      ['{ path: time }', '{ path: occurred_at }'],
      ['cursor_path: time', 'cursor_path: occurred_at'],
      ['{ quota: 5, window: 1s }', QUOTA],
    ],
    changed: null,
    contract: () => timeWindowApi({ ...placed, recordsMax: 20, refusalStatus: 422 }),
  },
];
