/** What keeps the program from its work, in a sentence for a person who can act on it. */

/**
 * `usage`: the command line or the configuration cannot be used; `paused`: a run is not complete yet;
 * `interrupted`: the person broke it off; `failed`: anything else.
 */
export type UserErrorKind = 'failed' | 'usage' | 'paused' | 'interrupted';

export class UserError extends Error {
  readonly kind: UserErrorKind;

  constructor(message: string, kind: UserErrorKind = 'failed') {
    super(message);
    this.kind = kind;
  }
}
