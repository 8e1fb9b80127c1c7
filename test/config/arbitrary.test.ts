import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadConfig, parseConfig } from '../../src/config/load.ts'
import { ConfigError } from '../../src/config/problem.ts'
import { configuration, SECRET } from './configurations.ts'

/** Words of the file's own language go deeper than random ones. */
const WORDS = [
  'tenants',
  'id',
  'hosts',
  'issuer',
  'surfaces',
  'newstore',
  'spree',
  'realm',
  'users',
  'username',
  'password',
  'passwordFile',
  'clients',
  'secret',
  'secretFile',
  'claims',
  'scopes',
  'grants',
  'public',
  'sunset',
  'expiresIn',
  'server',
  'port',
  'adminPort',
  'baseDomains',
  'defaultTenant',
  'masterKeyFile',
  '__proto__',
  'toString',
  'constructor',
  '<<',
]

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.oneof(
      fc.jsonValue({ maxDepth: 1 }),
      fc.constantFrom(...WORDS, 'https://a.example/', '2027-06-30', Number.NaN),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...WORDS), fc.string()), tie('value'), { maxKeys: 6 }),
  ),
}))

const readFile = (path: string) => {
  if (path.length % 2 === 0) throw new Error('no')
  return path
}

/** Refusing a configuration is fine; anything else thrown is a bug. */
function expectConfigErrorAtMost(load: () => unknown): void {
  try {
    load()
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as ConfigError).problems).not.toEqual([])
  }
}

describe('whatever is configured, nothing but ConfigError is thrown', () => {
  it('for values made in code', () => {
    fc.assert(
      fc.property(value, (any) => expectConfigErrorAtMost(() => parseConfig(any, readFile))),
      { numRuns: 1000 },
    )
  })

  it('for a valid configuration with one value replaced', () => {
    const valid = configuration(
      {
        users: [{ username: 'jane', roles: ['a'], claims: { x: 1 } }],
        clients: [{ id: 'c', secret: SECRET, scopes: ['a'] }],
      },
      { server: { port: 1 }, database: 'sqlite:x' },
    )
    const paths = pathsOf(valid)
    fc.assert(
      fc.property(fc.constantFrom(...paths), value, (path, any) => {
        const broken: unknown = replaced(valid, path, any)
        expectConfigErrorAtMost(() => parseConfig(broken, readFile))
        expectConfigErrorAtMost(() => loadConfig({ text: JSON.stringify(broken), env: {}, readFile }))
      }),
      { numRuns: 1000 },
    )
  })

  it('for files of any text', () => {
    const word = fc.constantFrom(
      ...WORDS,
      ': ',
      '- ',
      '\n',
      '\n  ',
      '{',
      '}',
      '[',
      ']',
      '&a ',
      '*a',
      '!!set ',
      '"',
      "'",
      '|',
      '? ',
      '---\n',
      '%YAML 1.1\n',
      '\t',
      '\0',
    )
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.array(word).map((words) => words.join('')),
    )
    fc.assert(
      fc.property(text, (any) => expectConfigErrorAtMost(() => loadConfig({ text: any, env: {}, readFile }))),
      { numRuns: 2000 },
    )
  })

  it('for any environment and flags', () => {
    const names = fc.string().map((name) => `MINTKEEPER_${name}`)
    const known = fc.constantFrom(
      'MINTKEEPER_PORT',
      'MINTKEEPER_DATABASE_FILE',
      'MINTKEEPER_ADMIN_TOKEN',
      'MINTKEEPER_CONFIG',
    )
    fc.assert(
      fc.property(
        fc.dictionary(fc.oneof(names, known), fc.string()),
        fc.dictionary(fc.constantFrom('port', 'database', 'masterKeyFile'), fc.jsonValue()),
        (env, flags) => {
          expectConfigErrorAtMost(() => loadConfig({ env, flags, readFile }))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('for nesting without end', () => {
    for (const text of [
      '['.repeat(50_000),
      '{a: '.repeat(50_000),
      `a: &a [*a]`,
      `tenants: [{id: a, users: &u [*u]}]`,
    ]) {
      expectConfigErrorAtMost(() => loadConfig({ text, env: {} }))
    }
  })
})

function pathsOf(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [[]]
  return [
    [],
    ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner).map((path) => [key, ...path])),
  ]
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by
  if (Array.isArray(value))
    return value.map((item, index) => (String(index) === key ? replaced(item, rest, by) : item))
  const mapping = value as Record<string, unknown>
  return { ...mapping, [key]: replaced(mapping[key], rest, by) }
}
