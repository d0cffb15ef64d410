/** How a stream goes on from page to page, as its source file says it. Plain data; page-kinds.ts makes it act. */

/** Where a value stands in a request: a parameter of the query, or a path into the JSON body. */
export type ValuePlace =
  | { readonly in: 'query'; readonly name: string }
  | { readonly in: 'body'; readonly path: string };

/** Paths into the answer are JSONPaths over its body without records. */
export type PaginatorPlan =
  | { readonly type: 'single_page' }
  | { readonly type: 'auto' }
  | { readonly type: 'json_link'; readonly nextUrlPath: string }
  | { readonly type: 'header_link'; readonly rel: string }
  | { readonly type: 'header_cursor'; readonly header: string; readonly place: ValuePlace }
  | {
      readonly type: 'cursor';
      readonly cursorPath: string;
      readonly place: ValuePlace;
      readonly hasMorePath: string | null;
      /** For APIs that name a cursor behind the last page too. @default false */
      readonly stopAfterEmptyPage?: boolean;
    }
  | {
      readonly type: 'offset';
      readonly limit: number;
      readonly start: number;
      readonly offsetPlace: ValuePlace;
      /** Null: the size is not sent. */
      readonly limitPlace: ValuePlace | null;
      /** To the number of records in all; null: not said. */
      readonly totalPath: string | null;
      readonly maximumOffset: number | null;
      readonly stopAfterEmptyPage: boolean;
      readonly hasMorePath: string | null;
    }
  | {
      readonly type: 'page_number';
      readonly start: number;
      readonly place: ValuePlace;
      /** The number of the API's first page. */
      readonly base: number;
      /** To the number of pages; null: not said. */
      readonly totalPath: string | null;
      readonly maximumPage: number | null;
      readonly stopAfterEmptyPage: boolean;
      readonly hasMorePath: string | null;
    }
  | {
      readonly type: 'keyset';
      /** JSONPath into the last record. */
      readonly keyPath: string;
      readonly place: ValuePlace;
      readonly hasMorePath: string | null;
    }
  | {
      readonly type: 'time_window';
      readonly startPlace: ValuePlace;
      readonly endPlace: ValuePlace;
      /** As instant-form.ts reads it; what the API is sent has the form of the start. */
      readonly start: string | number;
      /** The same, or the word `now`. */
      readonly end: string | number;
      readonly windowMs: number;
      /**
       * The API takes both ends as inside, and its instants are multiples of this; null: the end of one window
       * is the start of the next.
       */
      readonly stepMs: number | null;
      /** Statuses that mean "too much: halve the window". */
      readonly splitOn: readonly number[];
      readonly inner: PaginatorPlan;
    };
