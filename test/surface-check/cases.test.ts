/** The cases and the known differences, which are data. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Case, credentialsOf, fillRequest } from '../../src/surface-check/case.ts'
import { CASES, CHECKED_SURFACES } from '../../src/surface-check/cases.ts'
import { type Deviation, knownDeviations } from '../../src/surface-check/known-differences.ts'
import { readRecording } from '../wire/spree/recording.ts'
import { isNamed } from './old-spree.ts'

const CREDENTIALS = new Map(
  ['username', 'password', 'client_id', 'client_secret', 'scope'].map((name) => [name, `<the ${name}>`]),
)

describe.each(CHECKED_SURFACES)('the cases of %s', (surface) => {
  const cases = CASES[surface]

  test('have names of their own, as they are typed', () => {
    const names = cases.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
  })

  test('say in a sentence what they ask', () => {
    for (const { asks } of cases) expect(asks).toMatch(/^[^.]+[^. ]$/)
  })

  test('begin with the login that proves the user', () => {
    expect(cases.filter(({ provesUser }) => provesUser === true)).toEqual([cases[0]])
    expect(cases[0]?.succeeds).toBe(true)
  })

  test('need nothing but credentials and what came before', () => {
    for (const { name, before, request } of cases) {
      const values = new Map(CREDENTIALS)
      for (const step of before) {
        expect(() => fillRequest(step.request, values), name).not.toThrow()
        for (const member of ['access_token', 'refresh_token']) values.set(`${step.name}.${member}`, 'token')
      }
      expect(() => fillRequest(request, values), name).not.toThrow()
    }
  })

  test('send one wrong password of the user, and a good one after it', () => {
    const sent = cases.map(({ request }) => JSON.stringify(request))
    const wrong = sent.flatMap((text, index) => {
      return text.includes('{{username}}') && !text.includes('{{password}}') ? [index] : []
    })
    expect(wrong).toHaveLength(1)
    const next: Case | undefined = cases[Number(wrong[0]) + 1]
    expect(next?.succeeds).toBe(true)
    expect(next === undefined ? [] : credentialsOf(next)).toContain('password')
  })

  test('put no credential into a query', () => {
    for (const { before, request } of cases) {
      for (const { path } of [...before.map((step) => step.request), request])
        expect(path).not.toContain('{{')
    }
  })
})

describe('the sources of spree', () => {
  const recorded = CASES.spree.filter(({ source }) => source.startsWith('recorded'))

  test.each(recorded.map(({ source }) => source.replace(/^recorded from Doorkeeper, /, '')))(
    '%s',
    (source) => {
      expect(readRecording().filter(({ name }) => isNamed(source, name))).toHaveLength(1)
    },
  )
})

describe('a request is written', () => {
  const parameters = { grant_type: 'password', password: '{{password}}' }
  const values = new Map([['password', `a&b="c" <ä>`]])
  const bodyOf = (encoding: 'form' | 'json' | 'xml' | 'multipart') => {
    return fillRequest({ method: 'POST', path: '/', parameters, encoding }, values).body
  }

  test('as a form, as JSON, as XML and as multipart', () => {
    expect(bodyOf('form')).toBe('grant_type=password&password=a%26b%3D%22c%22+%3C%C3%A4%3E')
    expect(bodyOf('json')).toBe(`{"grant_type":"password","password":"a&b=\\"c\\" <ä>"}`)
    expect(bodyOf('xml')).toContain('<password>a&amp;b="c" &lt;ä&gt;</password>')
    expect(bodyOf('multipart')).toContain('name="password"\r\n\r\na&b="c" <ä>\r\n--')
  })

  test('from a text, in which values are written as the rest of it', () => {
    const textOf = (encoding: 'form' | 'json') => {
      return fillRequest({ method: 'POST', path: '/', text: 'a={{password}}', encoding }, values).body
    }
    expect(textOf('form')).toBe('a=a%26b%3D%22c%22+%3C%C3%A4%3E')
    expect(textOf('json')).toBe('a=a&b=\\"c\\" <ä>')
  })

  test('with Basic in Base64, and only for what is known', () => {
    const headers = { Authorization: 'Basic {{client_id}}:{{client_secret}}' }
    const known = new Map([
      ['client_id', 'erp'],
      ['client_secret', 'secret'],
    ])
    const request = fillRequest({ method: 'POST', path: '/', headers }, known)
    expect(request.headers.Authorization).toBe(`Basic ${btoa('erp:secret')}`)
    expect(() => fillRequest({ method: 'POST', path: '/', headers }, new Map())).toThrow(RangeError)
  })
})

describe('what is different by design', () => {
  const rows = readRows()

  test.each(knownDeviations().map((known): [string, Deviation] => [known.what, known]))(
    '%s',
    (_what, known) => {
      const row = rows.find(({ section, what }) => section === known.section && what === known.what)
      expect(row?.why).toBe(known.why)
    },
  )
})

/** First and last cell of the rows of the page, without links. */
function readRows(): readonly Deviation[] {
  const page = readFileSync(new URL('../../docs/reference/deviations.md', import.meta.url), 'utf8')
  return page.split(/^## /m).flatMap((section) => {
    const [title = ''] = section.split('\n')
    const lines = section.split('\n').filter((line) => line.startsWith('| '))
    return lines.map((line) => {
      const cells = line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, ''))
      return {
        section: title as Deviation['section'],
        what: cells[0] ?? '',
        why: (cells.at(-1) ?? '').replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1'),
      }
    })
  })
}
