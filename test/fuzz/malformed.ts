/** What is no HTTP any more, made of requests that were (T125, T128, T134). */
import type { Choice } from './choice.ts'

type Malform = (request: Buffer, choice: Choice) => Buffer

function inHead(change: (head: string, choice: Choice) => string): Malform {
  return (request, choice) => {
    const { head, body } = parts(request)
    return Buffer.concat([Buffer.from(change(head, choice), 'latin1'), body])
  }
}

/** The head with the empty line at its end. */
function parts(request: Buffer): { readonly head: string; readonly body: Buffer } {
  const end = request.indexOf('\r\n\r\n') + 4
  return { head: request.subarray(0, end).toString('latin1'), body: request.subarray(end) }
}

/** Puts lines before the others: some servers take the first of two, some the last. */
function withLines(head: string, lines: readonly string[], choice: Choice): string {
  const [first = '', ...others] = head.trimEnd().split('\r\n')
  const all = choice.percent(50) ? [...lines, ...others] : [...others, ...lines]
  return `${[first, ...all].join('\r\n')}\r\n\r\n`
}

function lines(...options: readonly (readonly string[])[]): Malform {
  return inHead((head, choice) => withLines(head, choice.of(options), choice))
}

/** One byte of the head is another, or one more. */
function changedByte(request: Buffer, choice: Choice): Buffer {
  const place = choice.below(parts(request).head.length)
  const rest = request.subarray(place + choice.below(2))
  return Buffer.concat([request.subarray(0, place), Buffer.of(choice.below(256)), rest])
}

const LENGTHS = [
  '-1',
  '+5',
  '0x10',
  '1e3',
  '5 5',
  '5,5',
  '99999999999999999999',
  '',
  'NaN',
  '00000000000000000000005',
]

/** Of requests of any kind: what is left says no more than what was there. */
const REWRITTEN: readonly Malform[] = [
  inHead((head) => head.replaceAll('\r\n', '\n')),
  inHead((head) => head.replaceAll('\r\n', '\r')),
  inHead((head) => head.replace('\r\n', '\r\n\r\n')),
  inHead((head) => head.replace('\r\n', '\r\n ')),
  inHead((head) => `\r\n\r\n${head}`),
  inHead((head) => head.replace(/Host: .*\r\n/, '')),
  inHead((head, choice) =>
    head.replace(
      /HTTP\/1\.1/,
      choice.of(['HTTP/1.0', 'HTTP/2.0', 'HTTP/9.9', 'HTTP/1.', 'HTP/1.1', '', 'http/1.1']),
    ),
  ),
  inHead((head, choice) =>
    head.replace(
      /^\w+/,
      choice.of(['post', 'CONNECT', 'P', 'POST\t', '', 'PÖST', 'POST /x', 'x'.repeat(20_000)]),
    ),
  ),
  inHead((head, choice) =>
    head.replace(
      / \S+ /,
      choice.of(['  ', ' * ', ' \0 ', ' http:// ', ' //evil.example/ ', ` /${'x'.repeat(17_000)} `]),
    ),
  ),
  inHead((head, choice) =>
    head.replace(
      /^(\w+) (\S+)/,
      choice.of(['$1 http://evil.example$2', '$1 https://dodici.x.newstore.net$2', '$1 $2#x', '$1 $2 x']),
    ),
  ),
  lines(
    ['Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked, chunked'],
    ['Transfer-Encoding: xchunked'],
  ),
  lines(
    ['Transfer-Encoding : chunked'],
    [' Transfer-Encoding: chunked'],
    ['Transfer-Encoding: identity'],
    ['Transfer-Encoding:\x0bchunked'],
  ),
  lines(
    ['Content-Length: 0', 'Content-Length: 5'],
    ['Content-Length : 5'],
    ['X\0: y'],
    ['X: y\0'],
    ['no colon'],
    [': nothing'],
    ['a b: c'],
  ),
  lines(
    ['Upgrade: websocket', 'Connection: Upgrade'],
    ['Expect: the unexpected'],
    ['Trailer: Authorization'],
    ['HTTP2-Settings: x', 'Upgrade: h2c'],
  ),
  lines(
    [`Authorization: Basic ${'QUFB'.repeat(250_000)}`],
    [`Cookie: ${'a'.repeat(15_000)}`],
    Array.from({ length: 2500 }, (_, index) => `X-${index}: y`),
  ),
  lines(['X: \x01\x7f'], ['X: y\rSet-Cookie: z'], ['X:'], ['\xff: x'], ['"X": y'], ['Host: evil.example']),
  (request) =>
    Buffer.concat([request, Buffer.from('GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n')]),
  (request) => Buffer.concat([request, Buffer.from('0\r\n\r\n')]),
  (_, choice) => Buffer.from(Array.from({ length: 1 + choice.below(300) }, () => choice.below(256))),
  () => Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  () => Buffer.from('16030100c8010000c403035f', 'hex'),
]

/** The body of a request in chunks that are none. */
function inChunks(write: (body: string, choice: Choice) => string): Malform {
  return (request, choice) => {
    const { head, body } = parts(request)
    const chunked = head.replace(/(?:Content-Length|Transfer-Encoding): .*\r\n/g, '').trimEnd()
    const text = `${chunked}\r\nTransfer-Encoding: chunked\r\n\r\n${write(body.toString('latin1'), choice)}`
    return Buffer.from(text, 'latin1')
  }
}

/** Of honest requests only: what is left may say less, such as that no client takes part. */
const SHORTENED: readonly Malform[] = [
  changedByte,
  (request, choice) => request.subarray(0, choice.below(request.length)),
  inHead((head, choice) => head.replace(/(Content-Length: )\d+/, `$1${choice.of(LENGTHS)}`)),
  inHead((head, choice) => head.replace(/(Content-Length: )\d+/, `$1${choice.below(400)}`)),
  inHead((head) => head.replace(/(?:Content-Length|Content-Type): .*\r\n/, '')),
  inChunks(
    (body, choice) =>
      `${choice.of(['zz', '-1', 'ffffffffffffffffff', '', '0x10', '1 1', '5;', `5;${'x'.repeat(20_000)}`])}\r\n${body}\r\n0\r\n\r\n`,
  ),
  inChunks((body) => `${body.length.toString(16)}\r\n${body}`),
  inChunks((body) => `${body.length.toString(16)}\r\n${body}\r\n0\r\nAuthorization: Basic x\r\n\r\n`),
  inChunks((body) => [...body].map((character) => `1;${'y'.repeat(50)}\r\n${character}\r\n`).join('')),
]

export function malformed(request: Buffer, honest: boolean, choice: Choice): Buffer {
  return choice.of(honest ? [...REWRITTEN, ...SHORTENED] : REWRITTEN)(request, choice)
}
