/**
 * T132: no regular expression of the source takes more than a moment, whatever it is given. Each one is tried with
 * texts that make others backtrack: long runs of what it may match, and an end that it can not.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { parseAst } from 'vitest/node'

const SOURCE = join(import.meta.dirname, '..', '..', 'src')

/** Four times what a body may have, in characters. */
const LENGTH = 256 * 1024

/** For all texts. A polynomial one takes minutes for each, an exponential one for ever; these take milliseconds. */
const GENEROUS_MS = 5000

interface Found {
  readonly file: string
  readonly source: string
  readonly flags: string
}

interface Node {
  readonly type?: unknown
  readonly regex?: { readonly pattern: string; readonly flags: string }
}

function expressionsOf(file: string): Found[] {
  const text = readFileSync(join(SOURCE, file), 'utf8')
  const found: Found[] = []
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const { type, regex } = value as Node
    if (type === 'Literal' && regex !== undefined)
      found.push({ file, source: regex.pattern, flags: regex.flags })
    for (const member of Object.values(value)) visit(member)
  }
  visit(parseAst(text, { lang: 'ts' }))
  return found
}

const EXPRESSIONS = globSync('**/*.ts', { cwd: SOURCE }).sort().flatMap(expressionsOf)

/** Pieces that an expression may be able to repeat: single characters, and what it says itself. */
function piecesOf(source: string): readonly string[] {
  const own = source.match(/[\w@./:|$-]+/g) ?? []
  return [
    ...new Set([
      'a',
      'A',
      '0',
      ' ',
      '\t',
      '\n',
      '.',
      '-',
      '_',
      '/',
      ':',
      ',',
      ';',
      '=',
      '"',
      '\\',
      '@',
      '%',
      '$',
      '%20',
      'a.',
      'a=b;',
      '::',
      'ä',
      ...own,
    ]),
  ]
}

/** The beginnings with which an expression comes to its repetitions: its own words. */
function beginningsOf(source: string): readonly string[] {
  const words = source.replace(/^\^/, '').match(/^[\w $,:/.-]+/)?.[0] ?? ''
  return ['', words.slice(0, 40), 'a', '"', 'https://']
}

function hostileTexts(source: string): readonly string[] {
  return piecesOf(source).flatMap((piece) => {
    const run = piece.repeat(Math.ceil(LENGTH / piece.length))
    return beginningsOf(source).flatMap((beginning) => [
      `${beginning}${run}\u0000`,
      `${beginning}${run}!${piece}`,
    ])
  })
}

/** Throws if that takes longer. Only the end of the script that it runs in interrupts a running expression. */
function tryAllTexts({ source, flags }: Pick<Found, 'source' | 'flags'>, timeout: number): void {
  const expression = new RegExp(source, flags)
  const run = () => {
    for (const text of hostileTexts(source)) {
      expression.lastIndex = 0
      expression.test(text)
    }
  }
  runInNewContext('run()', { run }, { timeout })
}

test('T132 all expressions are looked at', () => {
  expect(EXPRESSIONS.length).toBeGreaterThan(80)
  expect(EXPRESSIONS.map(({ source }) => source)).toContain('^[^\\s@]+@[^\\s@]+$')
})

test.each([
  ['an exponential', '^(a+)+$'],
  ['a polynomial', ' +$'],
])('T132 %s expression is interrupted', (_, source) => {
  expect(() => tryAllTexts({ source, flags: '' }, 100)).toThrow(/timed out/)
})

describe.each([...Map.groupBy(EXPRESSIONS, ({ file }) => file)])('T132 %s', (_, expressions) => {
  test.each(expressions.map(({ source, flags }) => [source, flags]))('/%s/%s', (source, flags) => {
    tryAllTexts({ source, flags }, GENEROUS_MS)
  })
})
