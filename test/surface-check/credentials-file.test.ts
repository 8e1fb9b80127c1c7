import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readCredentials } from '../../src/cli/surface-check/credentials-file.ts'
import { ConfigError } from '../../src/config/problem.ts'
import type { CheckedSurface } from '../../src/surface-check/case.ts'
import { newDirectory } from '../directory.ts'

const directory = newDirectory(afterAll)
const FILE = join(directory, 'credentials.yaml')

function read(text: string, surface: CheckedSurface = 'spree') {
  writeFileSync(FILE, text)
  chmodSync(FILE, 0o600)
  return readCredentials(FILE, surface)
}

/** The problems of a file, without its name. */
function problemsOf(text: string, surface?: CheckedSurface): readonly string[] {
  try {
    read(text, surface)
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown
    expect(thrown.message).not.toContain('canary')
    return thrown.message.replaceAll(`${FILE}:`, '').split('\n')
  }
  return []
}

describe('a credentials file', () => {
  test('has the words of the wire', () => {
    const text = 'username: joe\npassword: secret\nclient_id: erp\nclient_secret: "1234"\nscope: read write\n'
    const { values, secrets, warning } = read(text)
    expect(Object.fromEntries(values)).toEqual({
      username: 'joe',
      password: 'secret',
      client_id: 'erp',
      client_secret: '1234',
      scope: 'read write',
    })
    expect([secrets, warning]).toEqual([['secret', '1234'], null])
  })

  test('may have a user or a client alone; the scope is that of the document', () => {
    expect(Object.fromEntries(read('username: joe\npassword: secret').values)).toEqual({
      username: 'joe',
      password: 'secret',
      scope: 'admin',
    })
    expect(read('client_id: erp\nclient_secret: secret').secrets).toEqual(['secret'])
  })

  test.each<[string, string, CheckedSurface, readonly string[]]>([
    [
      'a mistyped key',
      'username: joe\npasword: canary',
      'spree',
      ['2:1 pasword: is not a known key, did you mean "password"?'],
    ],
    [
      'an unknown key',
      'token: canary',
      'spree',
      ['1:1 token: is not a known key (known: username, password, client_id, client_secret, scope)'],
    ],
    [
      'a number',
      'username: joe\npassword: 1234',
      'spree',
      ['2:1 password: must be text: put the value in quotes'],
    ],
    [
      'an empty value',
      'username:\npassword: canary',
      'spree',
      ['1:1 username: is empty: it must be text, or the key left out'],
    ],
    ['half a user', 'username: joe', 'spree', ['1:1 lacks password']],
    ['half a client', 'client_secret: canary', 'spree', ['1:1 lacks client_id']],
    [
      'no user for newstore',
      'client_id: erp\nclient_secret: canary',
      'newstore',
      ['1:1 lacks username and password'],
    ],
    ['nothing', '', 'spree', ['lacks username and password, or client_id and client_secret, or both']],
    ['a list', '- canary', 'spree', ['1:1 must be a mapping of keys to values']],
    ['no YAML', 'username: "joe', 'spree', ['1:15 has a quote, colon, comma or bracket missing']],
  ])('is refused with %s', (_name, text, surface, expected) => {
    const [title, ...lines] = problemsOf(text, surface)
    expect(title).toBe('The credentials file has a problem:')
    expect(lines.map((line) => line.trim())).toEqual(expected)
  })

  test('that others can read is a warning, and one that is not there an error', () => {
    read('username: joe\npassword: secret')
    chmodSync(FILE, 0o644)
    expect(readCredentials(FILE, 'spree').warning).toBe(
      `${FILE} can be read by others (mode 644): chmod 600 ${FILE}`,
    )
    expect(() => readCredentials(join(directory, 'none.yaml'), 'spree')).toThrow('(no such file)')
  })
})
