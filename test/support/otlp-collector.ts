/** A stand-in for an OpenTelemetry collector: takes OTLP/HTTP in protobuf and keeps its spans. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type AttributeValue = string | number | boolean;

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly name: string;
  /** 1 internal, 3 client. */
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** 0 unset, 2 error. */
  readonly status: { readonly code: number; readonly message: string };
  readonly resource: Readonly<Record<string, AttributeValue>>;
}

export interface Collector {
  readonly origin: string;
  readonly spans: CollectedSpan[];
  readonly requests: { readonly url: string; readonly headers: IncomingHttpHeaders }[];
  close(): Promise<void>;
}

/** @param answer how each export is answered; default: taken */
export async function startCollector(
  answer: (response: ServerResponse) => void = (response) => response.writeHead(200).end(),
): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const requests: Collector['requests'] = [];
  const server = createServer((request, response) => {
    requests.push({ url: request.url ?? '', headers: request.headers });
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      spans.push(...readExport(Buffer.concat(chunks)));
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    spans,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

// --- protobuf: the field numbers are those of opentelemetry-proto's trace.proto -----------------

interface Message {
  /** Bytes of every occurrence of a field; a number that is not of bytes has eight, little-endian. */
  all(field: number): Buffer[];
  bytes(field: number): Buffer;
  text(field: number): string;
  number(field: number): number;
}

function readExport(body: Buffer): CollectedSpan[] {
  return readMessage(body)
    .all(1)
    .map(readMessage)
    .flatMap((resourceSpans) => {
      const resource = readAttributes(readMessage(resourceSpans.bytes(1)), 1);
      const scopes = resourceSpans.all(2).map(readMessage);
      return scopes.flatMap((scope) => scope.all(2).map((span) => readSpan(span, resource)));
    });
}

function readSpan(bytes: Buffer, resource: CollectedSpan['resource']): CollectedSpan {
  const span = readMessage(bytes);
  const status = readMessage(span.bytes(15));
  return {
    traceId: span.bytes(1).toString('hex'),
    spanId: span.bytes(2).toString('hex'),
    parentSpanId: span.bytes(4).toString('hex'),
    name: span.text(5),
    kind: span.number(6),
    startMs: span.number(7) / 1e6,
    endMs: span.number(8) / 1e6,
    attributes: readAttributes(span, 9),
    status: { code: status.number(3), message: status.text(2) },
    resource,
  };
}

function readAttributes(message: Message, field: number): Record<string, AttributeValue> {
  const pairs = message.all(field).map(readMessage);
  return Object.fromEntries(pairs.map((pair) => [pair.text(1), readValue(pair.bytes(2))]));
}

function readValue(bytes: Buffer): AttributeValue {
  const value = readMessage(bytes);
  if (value.all(1).length > 0) return value.text(1);
  if (value.all(2).length > 0) return value.number(2) === 1;
  if (value.all(3).length > 0) return value.number(3);
  return value.all(4)[0]?.readDoubleLE() ?? '';
}

function readMessage(bytes: Buffer): Message {
  const fields = new Map<number, Buffer[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const field = tag >> 3;
    const value = readField(tag & 7, varint, take);
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  const all = (field: number): Buffer[] => fields.get(field) ?? [];
  const bytesOf = (field: number): Buffer => all(field).at(-1) ?? Buffer.alloc(0);
  return {
    all,
    bytes: bytesOf,
    text: (field) => bytesOf(field).toString('utf8'),
    number: (field) => Number(all(field).at(-1)?.readBigUInt64LE() ?? 0n),
  };
}

function readField(
  wireType: number,
  varint: () => bigint,
  take: (length: number) => Buffer,
): Buffer {
  switch (wireType) {
    case 0: {
      const value = Buffer.alloc(8);
      value.writeBigUInt64LE(BigInt.asUintN(64, varint()));
      return value;
    }
    case 1:
      return take(8);
    case 2:
      return take(Number(varint()));
    case 5:
      return take(4);
    default:
      throw new Error(`protobuf: wire type ${wireType}`);
  }
}
