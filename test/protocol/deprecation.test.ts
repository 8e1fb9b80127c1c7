import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deprecationHeaders, httpDate } from '../../src/protocol/deprecation.ts'

const IMF_FIXDATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/

describe('deprecationHeaders', () => {
  test('R130 gives a structured date, never true and never an HTTP-date', () => {
    expect(deprecationHeaders({ since: 1704672000, sunset: null, links: [] })).toEqual({
      Deprecation: '@1704672000',
    })
  })

  test('R131 gives the sunset as an IMF-fixdate', () => {
    const { Sunset } = deprecationHeaders({ since: 1704672000, sunset: 1814313600, links: [] })
    expect(Sunset).toBe('Wed, 30 Jun 2027 00:00:00 GMT')
  })

  test('R131 refuses a sunset before the deprecation', () => {
    const links = [] as const
    expect(() => deprecationHeaders({ since: 1704672000, sunset: 1704671999, links })).toThrow(RangeError)
    expect(deprecationHeaders({ since: 1704672000, sunset: 1704672000, links })).toHaveProperty('Sunset')
  })

  test('R132 gives the links in one header', () => {
    const { Link } = deprecationHeaders({
      since: 0,
      sunset: null,
      links: [
        { href: 'https://a.example/guide', rel: 'deprecation', type: 'text/html' },
        { href: 'https://a.example/new?x=1', rel: 'successor-version' },
      ],
    })
    expect(Link).toBe(
      '<https://a.example/guide>; rel="deprecation"; type="text/html", <https://a.example/new?x=1>; rel="successor-version"',
    )
  })

  test('lets no URL break out of its link', () => {
    const href = fc
      .tuple(fc.webUrl(), fc.string({ unit: 'binary' }))
      .map(([url, rest]) => `${url}/${rest}`)
      .filter((url) => URL.canParse(url))
    fc.assert(
      fc.property(href, (url) => {
        const { Link } = deprecationHeaders({ since: 0, sunset: null, links: [{ href: url, rel: 'sunset' }] })
        expect(Link).toMatch(/^<[\x21-\x3b\x3d\x3f-\x7e]+>; rel="sunset"$/)
      }),
    )
  })

  test('refuses what is no absolute URL', () => {
    const links = [{ href: '/guide', rel: 'deprecation' }]
    expect(() => deprecationHeaders({ since: 0, sunset: null, links })).toThrow(TypeError)
  })
})

test('R131 httpDate is an IMF-fixdate that Date reads back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4102444800 }), (time) => {
      expect(httpDate(time)).toMatch(IMF_FIXDATE)
      expect(Date.parse(httpDate(time))).toBe(time * 1000)
    }),
  )
})
