/** Bodies that are not what they say, or not what anybody reads (T122, T124, T126). */
import type { Choice } from './choice.ts'
import type { Change } from './credential-changes.ts'
import { changed, type Draft } from './draft.ts'
import { ENCODERS, type Encoding } from './encoding.ts'

/** Types that no surface reads, and those whose charset is none that can be read. */
const UNREADABLE = [
  ...['text/plain', 'application/octet-stream', 'application/x-www-form-urlencoded\tx', 'application/jsonx'],
  ...[
    'application/x-www-form-urlencoded, application/json',
    'application/ld+json',
    '*/*',
    '/',
    ';',
    'null',
    'json',
  ],
  ...[
    'application/x-www-form-urlencoded; charset=utf-16',
    'application/x-www-form-urlencoded; charset="utf-7"',
  ],
  ...[
    'application/json; charset=utf-16le',
    'application/xml;charset=latin1',
    'text/html',
    '__proto__',
    'x'.repeat(3000),
  ],
]

const READABLE: Readonly<Record<string, Encoding>> = {
  'application/x-www-form-urlencoded': 'form',
  'application/json': 'json',
  'application/xml': 'xml',
  'multipart/form-data; boundary=cut': 'multipart',
  'multipart/form-data; boundary=other': 'none',
  'multipart/form-data': 'none',
}

const SPELLINGS: Readonly<Record<Encoding, readonly string[]>> = {
  form: [
    'application/x-www-form-urlencoded; charset=UTF-8',
    'APPLICATION/X-WWW-FORM-URLENCODED',
    'application/x-www-form-urlencoded;charset="utf-8"',
    ' application/x-www-form-urlencoded ',
  ],
  json: ['application/json; charset=utf-8', 'Application/JSON', 'application/json ;charset=UTF-8'],
  multipart: ['multipart/form-data; boundary="cut"', 'Multipart/Form-Data; charset=utf-8; boundary=cut'],
  xml: ['text/xml', 'application/xml; charset=utf-8', 'TEXT/XML'],
  none: [],
}

const unreadableType: Change = (draft, choice) => {
  if (draft.pairs.length === 0) return null
  return changed(draft, 'an unreadable type', 'broken', { contentType: choice.of(UNREADABLE) })
}

const otherType: Change = (draft, choice) => {
  const types = Object.keys(READABLE).filter((type) => READABLE[type] !== draft.encoding)
  return draft.pairs.length === 0
    ? null
    : changed(draft, 'the type of another body', 'broken', { contentType: choice.of(types) })
}

/** Only forms may come without a type. */
const noType: Change = (draft) => {
  if (draft.pairs.length === 0) return null
  return changed(draft, 'no type', draft.encoding === 'form' ? 'documented' : 'odd', { contentType: null })
}

/** A body of a kind that the document does not have. */
const otherEncoding: Change = (draft, choice) => {
  const { surface, bodies } = draft.operation
  const others = Object.values(READABLE).filter(
    (each) => each !== 'none' && !bodies.some(({ encoding }) => encoding === each),
  )
  if (bodies.length === 0 || others.length === 0 || surface === 'spree') return null
  const encoding = choice.of(others)
  const type = Object.keys(READABLE).find((each) => READABLE[each] === encoding) ?? ''
  return changed(draft, `a body in ${encoding}`, 'broken', { encoding, contentType: type })
}

export const spelledType: Change = (draft, choice) => {
  const spellings = SPELLINGS[draft.encoding]
  // What was wrong stays wrong.
  if (spellings.length === 0 || draft.contentType !== ENCODERS[draft.encoding]([]).type) return null
  return changed(draft, 'a type in other letters', 'documented', { contentType: choice.of(spellings) })
}

/** Not UTF-8: alone, cut short, too long, half a surrogate pair, Latin-1. */
const NOT_UTF_8 = ['ff', 'c3', 'c080', 'e08080', 'eda080', 'f5808080', 'e9', 'fffe'].map((hex) =>
  Buffer.from(hex, 'hex'),
)

const notUtf8: Change = (draft, choice) => inserted(draft, choice, 'not UTF-8', choice.of(NOT_UTF_8))

/** In a form only: elsewhere they are as good as any characters. */
const escapes: Change = (draft, choice) => {
  if (draft.encoding !== 'form') return null
  const piece = choice.of([
    '%',
    '%z',
    '%zz',
    '%0',
    '%FF',
    '%C0%80',
    '%ED%A0%80',
    '%E0%80',
    '%u0041',
    '%F5%80%80%80',
  ])
  // At the very end of a parameter, so that it takes no letters of it for its own.
  const spoil = (body: Buffer) => Buffer.concat([body, Buffer.from(`${piece}&`)])
  return draft.pairs.length === 0 ? null : changed(draft, `a broken escape ${piece}`, 'broken', { spoil })
}

const PIECES = [
  '&&&',
  '&=',
  '=',
  '%00',
  '\0',
  '"',
  '{',
  ']',
  '<!DOCTYPE r>',
  '<?x?>',
  '<a>',
  '--cut',
  '\r\n',
  '\ufeff',
]

/** Inside a name it makes another of it, and Spree needs no client: only of requests that were right. */
const garbage: Change = (draft, choice) => {
  if (draft.changes.length > 0) return null
  const piece = choice.of([...PIECES, '['.repeat(9000), 'x'.repeat(70_000), '&'.repeat(20_000)])
  return inserted(draft, choice, `${JSON.stringify(piece.slice(0, 12))} inside`, Buffer.from(piece), 'odd')
}

function inserted(
  draft: Draft,
  choice: Choice,
  name: string,
  piece: Buffer,
  form: 'odd' | 'broken' = 'broken',
): Draft | null {
  if (draft.pairs.length === 0) return null
  const at = choice.below(1001) / 1000
  const spoil = (body: Buffer) => {
    const place = Math.floor(at * body.length)
    return Buffer.concat([body.subarray(0, place), piece, body.subarray(place)])
  }
  return changed(draft, name, form, { spoil })
}

/** What is cut off might be what was wrong: only of requests that were right. */
const cut: Change = (draft, choice) => {
  if (draft.pairs.length === 0 || draft.changes.length > 0) return null
  const at = choice.below(1000) / 1000
  return changed(draft, 'cut short', 'odd', {
    spoil: (body) => body.subarray(0, Math.floor(at * body.length)),
  })
}

const WRAPPINGS = [
  '[@]',
  '{"a":@}',
  '"@"',
  '@@',
  '@,',
  '/**/@',
  '<r>@</r>',
  '<!DOCTYPE r [<!ENTITY a "b">]>@',
  '\ufeff@',
]

const wrap: Change = (draft, choice) => {
  if (draft.pairs.length === 0 || draft.encoding === 'form') return null
  const around = choice.of(WRAPPINGS)
  const spoil = (body: Buffer) => Buffer.from(around.replaceAll('@', () => body.toString()))
  return changed(draft, `wrapped in ${around}`, 'odd', { spoil })
}

const OTHER_BODIES = [
  '',
  'null',
  '1',
  '"x"',
  'true',
  '[]',
  '{}',
  '{"__proto__":{"grant_type":"password"}}',
  '<r/>',
  '=',
]

const otherBody: Change = (draft, choice) => {
  const body = Buffer.from(choice.of(OTHER_BODIES))
  return draft.pairs.length === 0 ? null : changed(draft, `the body ${body}`, 'odd', { spoil: () => body })
}

export const inChunks: Change = (draft, choice) =>
  draft.pairs.length === 0 ? null : changed(draft, 'in chunks', 'documented', { chunks: 1 + choice.below(9) })

export const BODY_CHANGES: readonly Change[] = [
  ...[unreadableType, otherType, noType, otherEncoding, notUtf8, escapes, garbage, cut, wrap, otherBody],
]
