/** docs/reference/security.md: every row is there, and every test that it names. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'

const PAGE = join(import.meta.dirname, '../../docs/reference/security.md')
const TEXT = readFileSync(PAGE, 'utf8')
const ROWS = 76

/** One or more numbers of tests, and a link to the file that has them in its titles. */
const TESTS = /((?:(?:T\d{3}|V-\d{2}) )+)\[[^\]]+\]\(([^)#]+)\)/g

const rows = TEXT.split('\n')
  .filter((line) => /^\| V-\d{2} \|/.test(line))
  .map((line) => {
    const [, number = '', product = '', bug = '', here = ''] = line.split('|').map((cell) => cell.trim())
    const tests = [...here.matchAll(TESTS)].map(([, numbers = '', link = '']) => ({
      numbers: numbers.trim().split(' '),
      link,
    }))
    return { number, product, bug, here, tests }
  })

/** The list at the end, of what has no test. */
const open = TEXT.slice(TEXT.indexOf('## What is not proved yet'))

test('every row is there once, in order, and whole', () => {
  const numbers = Array.from({ length: ROWS }, (_, index) => `V-${String(index + 1).padStart(2, '0')}`)
  expect(rows.map(({ number }) => number)).toEqual(numbers)
  for (const { number, product, bug, here } of rows) {
    expect([number, product, bug, here].every((cell) => cell !== '')).toBe(true)
  }
})

describe.each(rows)('$number', ({ number, here, tests }) => {
  test('has a test, or says why not', () => {
    const isOpen = here.includes('(#what-is-not-proved-yet)')
    expect(isOpen || tests.length > 0 || here.startsWith('Does not apply: ')).toBe(true)
    expect(open.includes(number)).toBe(isOpen)
  })

  test('has no link that is not to a test with a number', () => {
    const links = [...here.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link)
    expect(links.filter((link) => link !== '#what-is-not-proved-yet')).toEqual(tests.map(({ link }) => link))
  })

  test.runIf(tests.length > 0).each(tests)('$numbers in $link', ({ numbers, link }) => {
    const file = join(dirname(PAGE), link)
    expect(existsSync(file)).toBe(true)
    expect(link.startsWith('../../test/')).toBe(true)
    for (const each of numbers) expect(readFileSync(file, 'utf8')).toMatch(new RegExp(`\\b${each}\\b`))
  })
})
