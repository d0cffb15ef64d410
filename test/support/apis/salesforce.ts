/**
 * Salesforce's REST API: a SOQL query and its further batches by `nextRecordsUrl`, which has no host.
 * Every answer tells how much of the day's calls is used; the limit refuses with 403.
 *
 * Source: developer.salesforce.com, REST API guide, "Query", "Query More Results", "Limit Info Header",
 * "Status Codes and Error Responses".
 */
import { Collection, type View } from './collection.js';
import {
  type ApiAnswer,
  type ApiContract,
  type ApiOptions,
  type ApiRequest,
  credentialOf,
  type JsonRecord,
  json,
} from './contract.js';
import { Cursors } from './cursors.js';
import { type Draw, isoMilliseconds } from './draw.js';
import { inFlightLimit, quotaLimit } from './limits.js';
import { bearerToken, header, integerOf } from './requests.js';

const PATH = /^(\/services\/data\/v\d+\.\d\/query)(?:\/([\w-]+)-(\d+))?\/?$/;
const BATCH_MIN = 200;
const DAY_MS = 86_400_000;

export function salesforce(options: ApiOptions<'accounts'> = {}): ApiContract<'accounts'> {
  const accounts = new Collection({ make: account, newest: 'last', options });
  const cursors = new Cursors(options);
  const views = new Map<string, View>();
  const sizeMax = options.pageSizeMax ?? 2_000;

  const query = (request: ApiRequest, base: string, locator: string | undefined): ApiAnswer => {
    const soql = request.url.searchParams.get('q') ?? '';
    if (locator === undefined && !/^\s*select\s.+\sfrom\s+account\b/i.test(soql)) {
      return problem(400, 'MALFORMED_QUERY', 'unexpected token: <EOF>');
    }
    const read = locator === undefined ? null : cursors.read(locator, request.nowMs);
    if (read !== null && read.type !== 'place') {
      return problem(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
    }
    // A locator names the rows that the query found.
    const view = locator === undefined ? viewOf(soql) : (views.get(locator) ?? {});
    const { records, end, hasMore } = accounts.after(read?.place ?? null, batchSize(request), view);
    const issue = (): string => {
      const issued = cursors.issue(end, request.nowMs);
      views.set(issued, view);
      return issued;
    };
    const url = () => `${base}/${issue()}-${(end ?? -1) + 1}`;
    return json(200, {
      totalSize: accounts.records.filter(view.keep ?? (() => true)).length,
      done: !hasMore,
      ...(hasMore ? { nextRecordsUrl: url() } : {}),
      records,
    });
  };

  /** As the header asks, within bounds; the API may always choose less. */
  const batchSize = (request: ApiRequest): number => {
    const asked = /batchSize=(\d+)/.exec(header(request, 'sforce-query-options') ?? '')?.[1];
    return Math.min(sizeMax, Math.max(BATCH_MIN, integerOf(asked, sizeMax)));
  };

  return {
    options,
    streams: { accounts },
    isAuthorized: (request) => bearerToken(request) === credentialOf(options),
    unauthorized: problem(401, 'INVALID_SESSION_ID', 'Session expired or invalid'),
    limits: [
      ...quotaLimit({
        name: 'daily',
        standard: { quota: 15_000, windowMs: DAY_MS },
        override: options.limit,
        window: 'sliding',
        announce: ({ quota, remaining }) => ({
          'Sforce-Limit-Info': `api-usage=${quota - remaining}/${quota}`,
        }),
        refusal: problem(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.'),
      }),
      ...inFlightLimit(
        {
          name: 'concurrent',
          refusal: problem(403, 'REQUEST_LIMIT_EXCEEDED', 'ConcurrentRequests Limit exceeded.'),
        },
        25,
        options,
      ),
    ],
    answer(request) {
      const [, base, locator] = PATH.exec(request.url.pathname) ?? [];
      if (request.method === 'GET' && base !== undefined) return query(request, base, locator);
      return problem(404, 'NOT_FOUND', 'The requested resource does not exist');
    },
    failure: problem(500, 'UNKNOWN_EXCEPTION', 'An unexpected error occurred.'),
  };
}

function problem(status: number, errorCode: string, message: string): ApiAnswer {
  return json(status, [{ message, errorCode }]);
}

/** `WHERE SystemModstamp >= …` and `ORDER BY SystemModstamp`; other conditions are not offered here. */
function viewOf(soql: string): View {
  const from = /\bwhere\s+systemmodstamp\s*>=\s*(\S+)/i.exec(soql)?.[1];
  const fromMs = from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(from);
  return {
    keep: ({ SystemModstamp: at }) => Date.parse(String(at)) >= fromMs,
    ...(/\border\s+by\s+systemmodstamp\b/i.test(soql) && { by: 'SystemModstamp' }),
  };
}

function account(draw: Draw): JsonRecord {
  const id = `001D${String(draw.serial).padStart(11, '0')}${draw.token(3)}`;
  return {
    attributes: { type: 'Account', url: `/services/data/v62.0/sobjects/Account/${id}` },
    Id: id,
    Name: draw.name(),
    CreatedDate: isoMilliseconds(draw.createdMs).replace('Z', '+0000'),
    SystemModstamp: isoMilliseconds(draw.updatedMs).replace('Z', '+0000'),
    AnnualRevenue: draw.orNull(draw.integer(1, 9_000_000_000) / 100),
    NumberOfEmployees: draw.orNull(draw.integer(1, 90_000)),
    Description: draw.orNull(draw.sentence()),
    BillingAddress: draw.orNull({ city: 'Zürich', country: 'CH', postalCode: '8001' }),
    IsDeleted: false,
  };
}
