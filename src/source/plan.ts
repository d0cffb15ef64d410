/**
 * What a source file says, resolved: defaults merged, references to secrets still in place. Plain data,
 * so that it crosses to the workers. Made by file/load-source.ts, read by compile-source.ts.
 */
import type { LimitHeaders } from '../core/declared-statements.js';
import type { PaginatorPlan } from '../paging/paginator-plan.js';
import type { Order } from '../paging/paging.js';
import type { ColumnType, Disposition } from '../protocol/record-target.js';
import type { CursorForm, CursorScalar, Lag } from './cursor-value.js';
import type { CodecName } from './registry.js';

export type { CostHeaders, LimitHeaders } from '../core/declared-statements.js';
export type { PaginatorPlan, ValuePlace } from '../paging/paginator-plan.js';

/** JSON as a file may hold it. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

export interface SourcePlan {
  /** The base name of its file: names its runs, its schema and its variables. */
  readonly name: string;
  /** Absolute, without a slash at its end. */
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly auth: AuthPlan | null;
  /** What reads its pages, cursors and refusals; null: what the file says of them does. */
  readonly codec: CodecName | null;
  /** What `auth` refers to, as the file writes it (`${NAME}`): whoever is refused looks there. */
  readonly credentials: readonly string[];
  /** Origins beside that of `baseUrl` that links may lead to, and that are sent the credentials. */
  readonly hosts: readonly string[];
  readonly limits: readonly DeclaredLimit[];
  /** Names of headers that announce a limit in a form of the API's own. */
  readonly limitHeaders: readonly LimitHeaders[];
  /** Limits of points, of which each request costs some, as far as bodies tell of them. */
  readonly costs: readonly CostLimit[];
  /** Answers that refuse for a limit, beside those that http-fault.ts knows. */
  readonly throttle: readonly AnswerSign[];
  /** Answers that say that a cursor has expired. */
  readonly expired: readonly AnswerSign[];
  readonly streams: readonly StreamPlan[];
}

/** Every text may hold `${NAME}` or `${file:PATH}`; see file/secrets.ts. */
export type AuthPlan =
  | { readonly type: 'bearer'; readonly token: string }
  | {
      readonly type: 'api_key';
      readonly name: string;
      readonly apiKey: string;
      readonly location: 'header' | 'query' | 'cookie';
    }
  | { readonly type: 'http_basic'; readonly username: string; readonly password: string }
  | {
      readonly type: 'oauth2';
      readonly grant: 'client_credentials' | 'refresh_token';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: string;
      /** With the grant of that name; empty otherwise. */
      readonly refreshToken: string;
      readonly scopes: readonly string[];
      readonly extraParams: Readonly<Record<string, string>>;
      /** Where the client names itself: in the form, or as HTTP basic. */
      readonly clientAuth: 'body' | 'basic';
      readonly accessTokenName: string;
      readonly expiresInName: string;
      /** Life of a token whose answer names none, seconds. */
      readonly defaultExpirationSeconds: number;
    };

/** Quota starts in any window, or so many requests at once. */
export interface DeclaredLimit {
  /** Path prefix, with a leading slash; null: every path. */
  readonly path: string | null;
  readonly method: string | null;
  readonly quota: number | null;
  readonly windowMs: number | null;
  /** Requests in flight at once; null: not limited by this. */
  readonly concurrency: number | null;
}

/** JSONPaths into the body of an answer, to the points that it tells of. */
export interface CostLimit {
  readonly requestPath: string;
  readonly availablePath: string;
  readonly maximumPath: string;
  /** To what comes back in a second; null: what is available tells. */
  readonly restorePath: string | null;
}

/** All that is set must hold of an answer. */
export interface AnswerSign {
  readonly status: number | null;
  /** Lower-case name of a header that is there. */
  readonly header: string | null;
  /** JSONPath into the body, and what it must equal. */
  readonly bodyPath: string | null;
  readonly equals: Json | undefined;
  /** A text that the body contains. */
  readonly content: string | null;
}

export interface ResponseAction {
  readonly status: number | null;
  readonly content: string | null;
  readonly action: 'ignore' | 'retry' | 'fail';
}

/** Where the values of a child's requests come from: one child for each row, or record of the file. */
export interface ParentPlan {
  /** The resource; a stream of the plan where `values` is null. */
  readonly resource: string;
  /** Records of the file, in place of rows. */
  readonly values: readonly { readonly [name: string]: Json }[] | null;
  /** What its requests hold of the parent. */
  readonly fields: readonly ParentField[];
  /** What each of its records gets of the parent: the value at a path, under a name. */
  readonly include: readonly { readonly path: string; readonly name: string }[];
  /** Whose children a later run asks for: of all rows of the parent, or of those that have changed since. */
  readonly later: 'all' | 'changed';
}

export interface ParentField {
  /** To one value of the parent's record. */
  readonly path: string;
  /** Stands for the value in path, parameters, body and headers. */
  readonly mark: string;
  /** Part of the path, where it cannot be empty. */
  readonly isInPath: boolean;
}

/** Literal text, or the name of a value. */
export type TemplatePart = string | { readonly name: string };

/** A place of a stream's request whose value is known when the request is made. */
export interface RequestSlot {
  /** From `path`, `params`, `json` or `headers` of the stream on. */
  readonly at: readonly (string | number)[];
  /** A value alone keeps its kind, and is left out where there is none. */
  readonly parts: readonly TemplatePart[];
}

/** How a run goes on from what earlier runs have read. */
export interface IncrementalPlan extends CursorForm {
  /** JSONPath to the field of a record whose highest value is the watermark. */
  readonly cursorPath: string;
  /** Parameters that take the bounds; null: none does. */
  readonly startParam: string | null;
  readonly endParam: string | null;
  /** Of the first run. */
  readonly initialValue: CursorScalar | null;
  /** Every run ends there, and reads all of it; null: runs go on from the watermark. */
  readonly endValue: CursorScalar | null;
  /** So much before the watermark is read again. */
  readonly lag: Lag;
  /** The newest records come first, whatever is asked for: a run ends where it comes to what is older. */
  readonly isNewestFirst: boolean;
}

export interface StreamPlan {
  readonly name: string;
  /** Null: it stands by itself. */
  readonly parent: ParentPlan | null;
  readonly target: { readonly schema: string; readonly table: string };
  /** JSONPaths into a record; none: rows are appended. */
  readonly primaryKey: readonly string[];
  readonly writeDisposition: Disposition;
  readonly columns: readonly ColumnPlan[];
  readonly method: 'GET' | 'POST';
  /** Relative to the source's base URL, or absolute. */
  readonly path: string;
  /** A list is sent as the parameter repeated. */
  readonly params: Readonly<Record<string, Json>>;
  readonly json: Json;
  readonly headers: Readonly<Record<string, string>>;
  /** Places of these that hold no value yet. */
  readonly slots: readonly RequestSlot[];
  /** Null: every run reads all. */
  readonly incremental: IncrementalPlan | null;
  /** JSONPath to the records; null: found in the answer. */
  readonly dataSelector: string | null;
  /**
   * JSONPath to a flag that is true in the answer that holds the last page, whatever the paginator reads
   * there: the inverse of `hasMorePath`. Null: there is none.
   */
  readonly donePath: string | null;
  readonly paginator: PaginatorPlan;
  readonly responseActions: readonly ResponseAction[];
  /** JSONPath to a record's instant; null: it has none. */
  readonly timePath: string | null;
  readonly pageSize: { readonly param: string; readonly max: number } | null;
  /** Which the codec seeks in; null: none is declared, or nothing can. */
  readonly order: Order | null;
  /** Life of a cursor, ms; null: it does not expire, as far as is known. */
  readonly cursorTtlMs: number | null;
}

export interface ColumnPlan {
  readonly name: string;
  readonly type: ColumnType;
  readonly isNullable: boolean;
}
