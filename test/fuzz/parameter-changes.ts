/** What can be wrong with parameters (T120, T121, T123, T124, T125), whatever their body. */
import type { Choice } from './choice.ts'
import type { Change } from './credential-changes.ts'
import { changed, type Draft, type Form, withPairs } from './draft.ts'
import type { Pair } from './parameters-arbitrary.ts'
import { MARKER } from './target.ts'

/** Rails takes whatever comes; the others take nothing but text, and nothing twice. */
function strict({ operation }: Draft): Form {
  return operation.surface === 'spree' ? 'odd' : 'broken'
}

function spot(draft: Draft, choice: Choice): { at: number; name: string; value: unknown } | null {
  if (draft.pairs.length === 0) return null
  const at = choice.below(draft.pairs.length)
  const [name, value] = draft.pairs[at]!
  return { at, name, value }
}

/** Without its grant type nobody can tell what a request is. */
function needed(name: string): Form {
  return name === 'grant_type' ? 'broken' : 'odd'
}

const drop: Change = (draft, choice) => {
  const found = spot(draft, choice)
  if (found === null) return null
  const pairs = draft.pairs.filter((_, index) => index !== found.at)
  return withPairs(draft, `no ${found.name}`, needed(found.name), pairs)
}

const repeat: Change = (draft, choice) => {
  const found = spot(draft, choice)
  if (found === null) return null
  const { at, name, value } = found
  const other: Pair = [name, choice.percent(50) ? value : choice.of(['', 'x', 'password', MARKER])]
  const places = [draft.pairs.length, at, 0]
  // An element of XML, or a part, may stand twice as well; a second one that is empty counts as none for the RFC.
  const omitted = other[1] === '' && draft.operation.surface !== 'newstore'
  const pairs = draft.pairs.toSpliced(choice.of(places), 0, other)
  return withPairs(draft, `${name} twice`, omitted ? 'odd' : strict(draft), pairs)
}

const OTHER_NAMES = ['{}[]', '{}[x]', '{}[a][b]', '{}[']

const bracket: Change = (draft, choice) => {
  const found = spot(draft, choice)
  if (found === null) return null
  const { at, name, value } = found
  const pairs = draft.pairs.with(at, [choice.of(OTHER_NAMES).replace('{}', name), value])
  // A name in JSON is what it is: brackets make it another, which nobody knows.
  const form = draft.encoding === 'json' ? needed(name) : strict(draft)
  return withPairs(draft, `${name} in brackets`, form === 'odd' ? needed(name) : form, pairs)
}

const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'a.b', 'é', MARKER]

const rename: Change = (draft, choice) => {
  const found = spot(draft, choice)
  if (found === null) return null
  const { at, name, value } = found
  const other = choice.of([name.toUpperCase(), ` ${name}`, `${name} `, `${name}.x`, `user.${name}`, ...NAMES])
  // A tag may have white space in its end, which is none of the name's.
  if (draft.encoding === 'xml' && other === `${name} `) return null
  return withPairs(draft, `${name} called ${other}`, needed(name), draft.pairs.with(at, [other, value]))
}

const VALUES: readonly unknown[] = [
  ...['', ' ', 'x', '__proto__', 'constructor', 'toString', 'PASSWORD', 'password ', 'authorization_code'],
  ...[
    'null',
    '../../etc/passwd',
    "' or 1=1 --",
    `\r\nSet-Cookie: ${MARKER}`,
    `${MARKER}\u001b[31m`,
    '<a>&amp;',
  ],
  ...['{"$gt":""}', '%{#x}', '\u202e', '\ufeff', '\ufffd', 'a'.repeat(255)],
  ...[
    'x'.repeat(10_000),
    'x'.repeat(100_000),
    'a '.repeat(50_000),
    'é'.repeat(9000),
    `${'a@'.repeat(3000)}!`,
  ],
]

const revalue: Change = (draft, choice) => {
  const found = spot(draft, choice)
  if (found === null) return null
  const value = choice.of(VALUES)
  const pairs = draft.pairs.with(found.at, [found.name, value])
  return withPairs(draft, `another ${found.name}`, needed(found.name), pairs)
}

const extend: Change = (draft, choice) => {
  const found = spot(draft, choice)
  if (typeof found?.value !== 'string') return null
  const more = choice.of([
    'x',
    ' ',
    '\u0000',
    '\u0000x',
    'x'.repeat(9000),
    'x'.repeat(70_000),
    '\ud800',
    '\udfff',
  ])
  // Neither NUL nor half a surrogate pair is in a parameter, and too much is too much. There is no way to write the
  // latter in all kinds of bodies.
  const half = !more.isWellFormed() && (draft.encoding === 'form' || draft.encoding === 'json')
  const broken = more.includes('\0') || half || more.length > 65_536
  const form = broken ? 'broken' : needed(found.name)
  const pairs = draft.pairs.with(found.at, [found.name, found.value + more])
  return withPairs(draft, `a longer ${found.name}`, form, pairs)
}

/** In a parameter that nobody knows, either. */
const unreadable: Change = (draft, choice) => {
  if (draft.operation.method === 'GET') return null
  const half = draft.encoding === 'form' || draft.encoding === 'json' ? ['\ud800', 'a\udfffb'] : []
  const pair: Pair = ['x', choice.of(['\0', 'a\0b', ...half])]
  return withPairs(draft, 'an unreadable x', 'broken', [...draft.pairs, pair])
}

const STRUCTURES: readonly unknown[] = [
  ...[0, -1, 1e308, true, false, null, [], {}, [[[]]], { a: { b: 'c' } }, { toString: 'x' }, { length: 1 }],
  JSON.parse('{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}}}'),
  JSON.parse('['.repeat(400) + ']'.repeat(400)),
]

const structure: Change = (draft, choice) => {
  if (draft.encoding !== 'json') return null
  const found = spot(draft, choice)
  if (found === null) return null
  const { at, name, value } = found
  const other = choice.percent(30) ? choice.of([[value], [value, value], { value }]) : choice.of(STRUCTURES)
  const form = strict(draft) === 'broken' ? 'broken' : needed(name)
  return withPairs(draft, `${name} is no text`, form, draft.pairs.with(at, [name, other]))
}

const many: Change = (draft, choice) => {
  if (draft.operation.method === 'GET') return null
  const more = Array.from({ length: choice.of([101, 300, 10_000]) }, (_, index): Pair => [`x${index}`, 'y'])
  const pairs = choice.percent(50) ? [...draft.pairs, ...more] : [...more, ...draft.pairs]
  return withPairs(draft, `${more.length} parameters more`, 'broken', pairs)
}

/** RFC 6749 §3.2: "The authorization server MUST ignore unrecognized request parameters." */
export const unknownParameter: Change = (draft, choice) => {
  if (draft.operation.method === 'GET') return null
  const name = choice.of([
    '__proto__',
    'constructor',
    'prototype',
    'audience',
    'nonce',
    'admin',
    'a.b',
    'x-y',
  ])
  if (draft.pairs.some(([each]) => each === name)) return null
  const value = choice.of(['', 'x', '__proto__', 'true', MARKER])
  const pairs = draft.pairs.toSpliced(choice.below(draft.pairs.length + 1), 0, [name, value])
  return changed(draft, `an unknown ${name}`, 'documented', { pairs })
}

export const PARAMETER_CHANGES: readonly Change[] = [
  ...[drop, repeat, repeat, bracket, rename, revalue, extend, unreadable, structure, many],
]
