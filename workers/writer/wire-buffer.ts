/**
 * The bytes of one round trip to PostgreSQL, built in a buffer that is kept from page to page.
 *
 * Every connection has one. A message is framed as the protocol says: a code byte, an int32 length
 * that counts itself but not the code, the content, all in network order.
 * Source: https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

const FIRST_CAPACITY_BYTES = 64 * 1024;

/** Codes of the messages that a client sends. */
export const MESSAGE_CODE = {
  parse: 0x50,
  bind: 0x42,
  execute: 0x45,
  sync: 0x53,
  copyData: 0x64,
  copyDone: 0x63,
} as const;

export class WireBuffer {
  bytes: Buffer = Buffer.from(new ArrayBuffer(FIRST_CAPACITY_BYTES));
  /** Where the next byte goes: how many bytes are in use. */
  length = 0;
  #messageStart = 0;

  /** Empties the buffer and keeps its memory. */
  reset(): void {
    this.length = 0;
  }

  /** Makes room for `byteCount` more bytes; what is written stays. */
  reserve(byteCount: number): void {
    const needed = this.length + byteCount;
    if (needed <= this.bytes.length) return;
    // A quarter more than asked: pages differ a little in size, and each growth copies.
    const grown = Buffer.from(new ArrayBuffer(Math.ceil(needed * 1.25)));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  /** The bytes in use. A view: valid until the next `reset` or `reserve`. */
  written(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  int16(value: number): void {
    this.reserve(2);
    this.length = this.bytes.writeInt16BE(value, this.length);
  }

  int32(value: number): void {
    this.reserve(4);
    this.length = this.bytes.writeInt32BE(value, this.length);
  }

  /** UTF-8 and a closing zero byte. */
  cString(text: string): void {
    this.reserve(Buffer.byteLength(text) + 1);
    this.length += this.bytes.write(text, this.length);
    this.bytes[this.length++] = 0;
  }

  beginMessage(code: number): void {
    this.reserve(5);
    this.#messageStart = this.length;
    this.bytes[this.length] = code;
    this.length += 5;
  }

  endMessage(): void {
    this.bytes.writeInt32BE(this.length - this.#messageStart - 1, this.#messageStart + 1);
  }

  /** A message without content: Sync, CopyDone. */
  emptyMessage(code: number): void {
    this.beginMessage(code);
    this.endMessage();
  }
}

/** Prepares `text` under `name`; parameter types are inferred by the server. */
export function writeParse(wire: WireBuffer, name: string, text: string): void {
  wire.beginMessage(MESSAGE_CODE.parse);
  wire.cString(name);
  wire.cString(text);
  wire.int16(0);
  wire.endMessage();
}

/** A parameter in text form, or, as a function, one that writes itself in binary with its length. */
export type Parameter = string | null | ((wire: WireBuffer) => void);

/** Binds a prepared statement to the unnamed portal and runs it. Results come as text. */
export function writeBindAndExecute(
  wire: WireBuffer,
  statement: string,
  parameters: readonly Parameter[],
): void {
  wire.beginMessage(MESSAGE_CODE.bind);
  wire.cString('');
  wire.cString(statement);
  wire.int16(parameters.length);
  for (const parameter of parameters) wire.int16(typeof parameter === 'function' ? 1 : 0);
  wire.int16(parameters.length);
  for (const parameter of parameters) writeParameter(wire, parameter);
  wire.int16(0);
  wire.endMessage();

  wire.beginMessage(MESSAGE_CODE.execute);
  wire.cString('');
  wire.int32(0);
  wire.endMessage();
}

function writeParameter(wire: WireBuffer, parameter: Parameter): void {
  if (parameter === null) {
    wire.int32(-1);
  } else if (typeof parameter === 'function') {
    parameter(wire);
  } else {
    const byteCount = Buffer.byteLength(parameter);
    wire.int32(byteCount);
    wire.reserve(byteCount);
    wire.length += wire.bytes.write(parameter, wire.length);
  }
}
