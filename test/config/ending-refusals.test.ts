import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config/load.ts'
import { problemsOf, type Refusals, testRefusals, withSurface } from './configurations.ts'

const ON = 'tenants[0].surfaces.'
const TIME = 'must be a time that exists, with its zone, written as 2027-03-01T09:00:00Z (RFC 3339)'
const DAY = 'must be a day that exists, written as 2027-06-30'
const NINE = '2027-03-01T09:00:00Z'
const TEN = '2027-03-01T10:00:00Z'

const spree = (settings: object) => withSurface('spree', settings)
const brownOut = (...brownOuts: readonly unknown[]) => withSurface('newstore', { brownOuts })
const at = (path: string, message: string) => `${ON}newstore.brownOuts${path}: ${message}`

const NO_TIMES = [
  '2027-03-01',
  '2027-03-01T09:00Z',
  '2027-03-01T09:00:00',
  '2027-03-01 09:00:00Z',
  '2027-03-01t09:00:00z',
  '2027-03-01T09:00:00.5Z',
  '2027-02-30T09:00:00Z',
  '2027-03-01T24:00:00Z',
  '2027-03-01T09:60:00Z',
  '2027-03-01T09:00:60Z',
  '2027-03-01T09:00:00+24:00',
  '2027-03-01T09:00:00+0100',
  '',
]

const REFUSALS: Refusals = {
  ...Object.fromEntries(
    ['sunset', 'sunsetPolicy', 'migrationGuide', 'brownOuts'].map((key) => [
      `${key} on standard`,
      [
        withSurface('standard', { [key]: 'x' }),
        `${ON}standard.${key}: does not belong here, but to the surfaces newstore and spree`,
      ] as const,
    ]),
  ),
  'deprecated on newstore, whose document has the day': [
    withSurface('newstore', { deprecated: '2024-01-08' }),
    `${ON}newstore.deprecated: does not belong here, but to the surface spree`,
  ],
  'a sunset before the deprecation': [
    withSurface('newstore', { sunset: '2024-01-07' }),
    `${ON}newstore.sunset: must not be before 2024-01-08, when the surface was deprecated`,
  ],
  'a sunset before the deprecation that was configured': [
    spree({ deprecated: '2026-05-01', sunset: '2026-04-30' }),
    `${ON}spree.sunset: must not be before 2026-05-01, when the surface was deprecated`,
  ],
  'the end of what is not deprecated': [
    spree({ sunset: '2027-06-30', sunsetPolicy: 'https://x.example/', migrationGuide: 'https://x.example/' }),
    `${ON}spree.sunset: needs deprecated beside it`,
    `${ON}spree.sunsetPolicy: needs deprecated beside it`,
    `${ON}spree.migrationGuide: needs deprecated beside it`,
  ],
  'days that do not exist': [
    spree({ deprecated: '2027-02-30', sunset: '2027-06-31' }),
    `${ON}spree.deprecated: ${DAY}`,
    `${ON}spree.sunset: ${DAY}`,
  ],
  'a sunset with a time': [
    withSurface('newstore', { sunset: '2027-06-30T00:00:00Z' }),
    `${ON}newstore.sunset: ${DAY}`,
  ],
  'a brown-out in place of a list': [
    withSurface('spree', { brownOuts: { from: NINE, to: TEN } }),
    `${ON}spree.brownOuts: must be a list`,
  ],
  'a brown-out without times': [brownOut({}), at('[0].from', 'is missing'), at('[0].to', 'is missing')],
  'an unknown key of a brown-out': [
    brownOut({ from: NINE, to: TEN, user: ['jane'] }),
    at('[0].user', 'is not a known key, did you mean "users"?'),
  ],
  ...Object.fromEntries(
    NO_TIMES.map((text) => [
      `the time ${JSON.stringify(text)}`,
      [brownOut({ from: text, to: TEN }), at('[0].from', TIME)] as const,
    ]),
  ),
  'a time that is a number': [
    brownOut({ from: 1_800_000_000, to: TEN }),
    at('[0].from', 'must be text: put the value in quotes'),
  ],
  'every problem of every brown-out': [
    brownOut(
      { from: TEN, to: NINE },
      { from: NINE, to: NINE, users: [] },
      { from: 'soon', to: 'later', users: ['jane', 'jane'] },
      { from: TEN, to: '2027-03-01T09:30:00+00:00' },
    ),
    at('[2].from', TIME),
    at('[2].to', TIME),
    at('[2].users[1]', 'stands in the list twice'),
    at('[0].to', 'must be after from'),
    at('[1].users', 'must name somebody; without it, it is for everybody'),
    at('[1].to', 'must be after from'),
    at('[3].to', 'must be after from'),
  ],
  'two brown-outs of the same times': [
    brownOut({ from: NINE, to: TEN }, { from: '2027-03-01T10:00:00+01:00', to: TEN, users: ['jane'] }),
    at('[1]', 'has the times of tenants[0].surfaces.newstore.brownOuts[0]: list the users of both there'),
  ],
  'more brown-outs than anybody needs': [
    brownOut(
      ...Array.from({ length: 101 }, (_, index) => ({
        from: `${2027 + index}-03-01T09:00:00Z`,
        to: `${2027 + index}-03-01T10:00:00Z`,
      })),
    ),
    at('', 'must not list more than 100: those that are over can go'),
  ],
}

describe('how a surface ends', () => {
  testRefusals(REFUSALS)

  it('is taken as it is written, times by their zone', () => {
    const brownOuts = [
      { from: NINE, to: '2027-03-01T11:30:00+01:30' },
      { from: '2020-02-29T23:59:59-08:00', to: '2020-03-02T00:00:00Z', users: ['jane', 'auth0|1'] },
    ]
    const value = spree({ deprecated: '2026-05-01', sunset: '2026-05-01', brownOuts })
    expect(problemsOf(value)).toEqual([])
    expect(parseConfig(value).config.tenants[0]?.surfaces?.spree).toEqual({
      deprecated: Date.UTC(2026, 4, 1) / 1000,
      sunset: Date.UTC(2026, 4, 1) / 1000,
      brownOuts: [
        { from: Date.UTC(2027, 2, 1, 9) / 1000, to: Date.UTC(2027, 2, 1, 10) / 1000 },
        {
          from: Date.UTC(2020, 2, 1, 7, 59, 59) / 1000,
          to: Date.UTC(2020, 2, 2) / 1000,
          users: ['jane', 'auth0|1'],
        },
      ],
    })
  })
})
