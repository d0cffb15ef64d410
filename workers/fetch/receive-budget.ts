/**
 * Receive budget: how much the pages of one thread may hold together, from the first byte that comes
 * until main is done with the page.
 *
 *   receiving ──no room──▶ waiting ──room──▶ receiving ──whole──▶ received ──▶ (gone)
 *                                                                    └──▶ held ──▶ (gone)
 *
 * A request leaves on a guess of what its page weighs. Where ten pages all weigh a hundred times as
 * much, those without room wait, and their connections are not read, until others are committed. One
 * page always goes on, though it alone outgrows the budget: the one beside which none is received, or
 * on its way to the database. A page that main holds back waits for another page itself, and so is not
 * waited for.
 */

/** The room of one body. What is asked for in vain is granted later, by a call of `goOn`. */
export interface BodyRoom {
  /** Before the bytes of an announced length. False: they are to wait. */
  reserve(byteCount: number, goOn: () => void): boolean;
  /** Bytes that are there, beyond what was reserved or not. False: more are to wait. */
  add(byteCount: number, goOn: () => void): boolean;
}

/** For a page of which nothing is kept. */
export const ENDLESS_ROOM: BodyRoom = { reserve: () => true, add: () => true };

interface PageBytes {
  phase: 'receiving' | 'waiting' | 'received' | 'held';
  /** That count: reserved, or there. */
  heldBytes: number;
  receivedBytes: number;
  /** While it waits: what it asks for beyond that, and whom to tell. */
  wantedBytes: number;
  goOn: () => void;
}

export class ReceiveBudget {
  readonly #bytesMax: number;
  readonly #pages = new Map<number, PageBytes>();
  #heldBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** A page is asked for. */
  open(taskId: number): BodyRoom {
    const page: PageBytes = {
      ...{ phase: 'receiving', heldBytes: 0, receivedBytes: 0, wantedBytes: 0 },
      goOn: () => {},
    };
    this.#pages.set(taskId, page);
    return {
      reserve: (byteCount, goOn) => this.#mayTake(page, byteCount, goOn),
      add: (byteCount, goOn) => {
        page.receivedBytes += byteCount;
        this.#hold(page, Math.max(0, page.receivedBytes - page.heldBytes));
        return this.#mayTake(page, 0, goOn);
      },
    };
  }

  /** It is whole and on its way through main. */
  received(taskId: number): void {
    this.#enter(taskId, 'received');
  }

  /** Main holds it back until another page has come. */
  held(taskId: number): void {
    this.#enter(taskId, 'held');
  }

  /** Nothing is left of it here. */
  close(taskId: number): void {
    this.#heldBytes -= this.#pages.get(taskId)?.heldBytes ?? 0;
    this.#pages.delete(taskId);
    this.#grant();
  }

  #enter(taskId: number, phase: 'received' | 'held'): void {
    const page = this.#pages.get(taskId);
    if (page === undefined) return;
    page.phase = phase;
    this.#grant();
  }

  #mayTake(page: PageBytes, byteCount: number, goOn: () => void): boolean {
    if (this.#hasRoom(page, byteCount)) {
      this.#hold(page, byteCount);
      return true;
    }
    page.phase = 'waiting';
    page.wantedBytes = byteCount;
    page.goOn = goOn;
    return false;
  }

  #hasRoom(page: PageBytes, byteCount: number): boolean {
    return this.#heldBytes + byteCount <= this.#bytesMax || this.#isAlone(page);
  }

  #isAlone(page: PageBytes): boolean {
    for (const other of this.#pages.values()) {
      // A page without a byte may yet be a small one, or never come.
      const isUnderWay = other.phase === 'receiving' && other.heldBytes > 0;
      if (other !== page && (isUnderWay || other.phase === 'received')) return false;
    }
    return true;
  }

  /** Those that have waited longest go first. */
  #grant(): void {
    for (const page of this.#pages.values()) {
      if (page.phase !== 'waiting' || !this.#hasRoom(page, page.wantedBytes)) continue;
      page.phase = 'receiving';
      this.#hold(page, page.wantedBytes);
      page.goOn();
    }
  }

  #hold(page: PageBytes, byteCount: number): void {
    page.heldBytes += byteCount;
    this.#heldBytes += byteCount;
  }
}
