import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OAuthError } from '../../src/protocol/errors.ts'
import type { Parameters } from '../../src/protocol/parameters.ts'
import { spree } from '../../src/surfaces/spree.ts'
import { parseMultipart } from '../../src/surfaces/spree-multipart.ts'
import { parseXml } from '../../src/surfaces/spree-xml.ts'

const RULES = { repeated: 'last', empty: 'keep', structured: 'text' } as const

function plain(parameters: Parameters): Record<string, string> {
  return Object.fromEntries(parameters)
}

function refusal(code: string, reason: string): unknown {
  return expect.objectContaining({ name: 'OAuthError', code, reason })
}

describe('XML', () => {
  const parse = (text: string) => plain(parseXml(text, RULES))

  test.each([
    ['', {}],
    [' \n', {}],
    ['<token/>', {}],
    ['<anything><a>1</a><b></b><c/></anything>', { a: '1', b: '', c: '' }],
    ['<t>\r\n  <a> x\n</a>\r\n</t>\r\n', { a: ' x\n' }],
    ['<t><a>1</a><a>2</a></t>', { a: '2' }],
    ['<t><a>&lt;&amp;&gt;&quot;&apos;&#65;&#x1F600;</a></t>', { a: '<&>"\'A😀' }],
    ['<t><a>x<![CDATA[<b>&amp;]]>y</a></t>', { a: 'x<b>&amp;y' }],
    ['<t xmlns="urn:x" n="1"><a type="string" nil="true">v</a></t>', { a: 'v' }],
    ['<?xml version="1.0" encoding="UTF-8"?><!-- c --><t><!-- d --><a>1<!-- e -->2</a></t>', { a: '12' }],
    ['<t><__proto__>x</__proto__></t>', { ['__proto__']: 'x' }],
    [
      '<t><grant_type>password</grant_type><p:username>a</p:username></t>',
      { grant_type: 'password', 'p:username': 'a' },
    ],
  ])('%j', (text, expected) => {
    expect([...parseXml(text, RULES)].sort()).toEqual(Object.entries(expected).sort())
  })

  test.each([
    ['<!DOCTYPE t><t/>', 'xml_document_type'],
    ['<!DOCTYPE t [<!ENTITY a "b">]><t><a>&a;</a></t>', 'xml_document_type'],
    ['<!DOCTYPE t SYSTEM "http://192.0.2.1/x.dtd"><t/>', 'xml_document_type'],
    ['<!DOCTYPE t [<!ENTITY a SYSTEM "file:///etc/passwd">]><t><a>&a;</a></t>', 'xml_document_type'],
    ['<t><a>&nbsp;</a></t>', 'broken_xml'],
    ['<t><?php x?></t>', 'xml_processing_instruction'],
    ['<?xml-stylesheet href="x"?><t/>', 'xml_processing_instruction'],
    ['<t><a><b>1</b></a></t>', 'xml_nested_elements'],
    ['<t><a><b/></a></t>', 'xml_nested_elements'],
    ['<t>text<a>1</a></t>', 'xml_text_between_elements'],
    ['<t><![CDATA[x]]></t>', 'xml_text_between_elements'],
    ['<?xml version="1.0" encoding="ISO-8859-1"?><t/>', 'xml_encoding'],
    ['<?xml version="1.0" encoding="UTF-16"?><t/>', 'xml_encoding'],
    ['<t><a>1</t>', 'broken_xml'],
    ['<t><a>1</a>', 'broken_xml'],
    ['<t/><t/>', 'broken_xml'],
    ['<t/>x', 'broken_xml'],
    ['<t><a>\0</a></t>', 'broken_xml'],
    ['<t><a>&#0;</a></t>', 'broken_xml'],
    ['grant_type=password', 'broken_xml'],
    ['{}', 'broken_xml'],
  ])('refuses %j', (text, reason) => {
    expect(() => parse(text)).toThrow(refusal('malformed_body', reason) as Error)
  })

  test('refuses more than 100 parameters', () => {
    const of = (count: number) => `<t>${Array.from({ length: count }, (_, at) => `<p${at}/>`).join('')}</t>`
    expect(Object.keys(parse(of(100)))).toHaveLength(100)
    expect(() => parse(of(101))).toThrow(refusal('invalid_request', 'too_many_parameters') as Error)
  })
})

describe('multipart', () => {
  const TYPE = 'multipart/form-data; boundary=b'
  const part = (headers: string, value: string) => `--b\r\n${headers}\r\n\r\n${value}\r\n`
  const named = (name: string, value: string) => part(`Content-Disposition: form-data; name="${name}"`, value)
  const parse = (body: string, type = TYPE) => plain(parseMultipart(body, type, RULES))

  test.each([
    ['nothing', '', {}],
    ['no part', '--b--\r\n', {}],
    ['parts', `${named('a', '1')}${named('b', '')}--b--`, { a: '1', b: '' }],
    ['the last of two', `${named('a', '1')}${named('a', '2')}--b--\r\n`, { a: '2' }],
    [
      'line breaks and dashes in a value',
      `${named('a', 'x\r\n-- b\r\n--\r\n')}--b--`,
      { a: 'x\r\n-- b\r\n--\r\n' },
    ],
    ['a preamble and an epilogue', `see below\r\n${named('a', '1')}--b--\r\n--b\r\nrubbish`, { a: '1' }],
    ['padding after a boundary', `--b \t\r\n${named('a', '1').slice(5)}--b--`, { a: '1' }],
    [
      'other headers',
      `${part('X: y\r\ncontent-DISPOSITION:form-data;name=a\r\nContent-Type: text/plain', '1')}--b--`,
      { a: '1' },
    ],
    [
      'a file',
      `${part('Content-Disposition: form-data; name="a"; filename="f"', 'x')}${named('b', '1')}--b--`,
      { b: '1' },
    ],
    [
      'a file with an odd name',
      `${part("Content-Disposition: form-data; filename*=utf-8''f; name=a", 'x')}--b--`,
      {},
    ],
    ['a name with brackets', `${named('scope[]', 'admin')}--b--`, { scope: '["admin"]' }],
  ])('%s', (_, body, expected) => {
    expect(parse(body)).toEqual(expected)
  })

  test.each([
    ['multipart/form-data; boundary="b"', 'b'],
    ['multipart/form-data; charset=utf-8; Boundary=----x;a=b', '----x'],
    ['multipart/form-data;boundary="a b:c"', 'a b:c'],
  ])('finds the boundary in %s', (type, boundary) => {
    const body = `${named('a', '1').replace('--b', `--${boundary}`)}--${boundary}--`
    expect(parse(body, type)).toEqual({ a: '1' })
  })

  test.each([
    ['no boundary', named('a', '1'), 'multipart/form-data', 'multipart_without_boundary'],
    ['an empty boundary', '--\r\n----', 'multipart/form-data; boundary=""', 'multipart_without_boundary'],
    ['no end', named('a', '1'), TYPE, 'multipart_without_end'],
    ['no delimiter', 'grant_type=password', TYPE, 'multipart_without_end'],
    [
      'a longer boundary',
      `${named('a', '1').replace('--b', '--bc')}--b--`,
      TYPE,
      'multipart_part_without_headers',
    ],
    [
      'no empty line',
      '--b\r\nContent-Disposition: form-data; name="a"\r\n--b--',
      TYPE,
      'multipart_part_without_headers',
    ],
    ['no headers', '--b\r\n\r\n\r\n1\r\n--b--', TYPE, 'multipart_part_without_name'],
    ['no name', `${part('Content-Disposition: form-data', '1')}--b--`, TYPE, 'multipart_part_without_name'],
    [
      'another disposition',
      `${part('Content-Disposition: attachment; name="a"', '1')}--b--`,
      TYPE,
      'multipart_part_without_name',
    ],
    ['bare line feeds', named('a', '1').replaceAll('\r', ''), TYPE, 'multipart_part_without_headers'],
  ])('refuses %s', (_, body, type, reason) => {
    expect(() => parse(body, type)).toThrow(refusal('malformed_body', reason) as Error)
  })

  test('refuses more than 100 parts, files among them', () => {
    const of = (count: number) => `${named('a', '1').repeat(count)}--b--`
    expect(parse(of(100))).toEqual({ a: '1' })
    expect(() => parse(of(101))).toThrow(refusal('invalid_request', 'too_many_parameters') as Error)
    expect(() => parse(of(5000))).toThrow(refusal('invalid_request', 'too_many_parameters') as Error)
  })
})

describe('the body of a token request', () => {
  const token = spree.routes.find((route) => route.endpoint === 'token')
  const decode = async (contentType: string | null, body: string) => {
    const headers = { get: (name: string) => (name === 'content-type' ? contentType : null) }
    const { grantType, scope, parameters } = await token!.decode({ headers, body })
    return { grantType, scope, parameters: plain(parameters) }
  }

  const expected = { grantType: 'password', scope: null, parameters: { username: 'a@b', password: 'c' } }
  const form = 'grant_type=password&username=a%40b&password=c'
  const json = '{"grant_type":"password","username":"a@b","password":"c"}'
  const xml = '<t><grant_type>password</grant_type><username>a@b</username><password>c</password></t>'

  test.each([
    ['application/x-www-form-urlencoded', form],
    ['Application/X-WWW-Form-URLEncoded; charset=UTF-8', form],
    [null, form],
    ['', form],
    ['application/json', json],
    ['application/json;charset=utf-8', json],
    ['application/xml', xml],
    ['text/xml; charset="utf-8"', xml],
  ])('is read as %s', async (contentType, body) => {
    expect(await decode(contentType, body)).toEqual(expected)
  })

  test.each([
    'text/plain',
    'application/vnd.api+json',
    'application/octet-stream',
    'application/json; charset=utf-16',
  ])('is ignored as %s', async (contentType) => {
    for (const body of [form, json, xml]) expect((await decode(contentType, body)).grantType).toBe('')
  })

  test.each([
    ['', {}],
    ['[]', {}],
    ['null', {}],
    ['"grant_type=password"', {}],
    ['{"scope":null,"grant_type":"password"}', { grantType: 'password', scope: null }],
    ['{"scope":["admin"]}', { scope: '["admin"]' }],
    ['{"scope":{"admin":1}}', { scope: '{"admin":1}' }],
    ['{"grant_type":["password"]}', { grantType: '["password"]' }],
    ['{"grant_type":12}', { grantType: '12' }],
    ['{"scope":false}', { scope: 'false' }],
    [
      '{"grant_type":"password","password":12345}',
      { grantType: 'password', parameters: { username: '', password: '12345' } },
    ],
  ])('as JSON: %s', async (body, part) => {
    expect(await decode('application/json', body)).toMatchObject({ grantType: '', scope: null, ...part })
  })

  test.each([
    ['application/json', '{"grant_type":'],
    ['application/json', '{"grant_type":"\\ud800"}'],
    ['application/json', '{"grant_type":"a\\u0000"}'],
    ['application/x-www-form-urlencoded', 'username=%ZZ'],
    ['application/x-www-form-urlencoded', 'username=%FF%FE'],
    ['application/x-www-form-urlencoded', 'username=%00'],
    ['application/xml', '<t>'],
    ['multipart/form-data', '--b--'],
  ])('refuses as %s: %s', async (contentType, body) => {
    await expect(async () => decode(contentType, body)).rejects.toMatchObject({ code: 'malformed_body' })
  })

  const LIMIT = spree.bodyLimit
  const numbered = (pair: (at: number) => string, separator: string) =>
    Array.from({ length: 5000 }, (_, at) => pair(at)).join(separator)

  const FORM = 'application/x-www-form-urlencoded'
  const MULTIPART = 'multipart/form-data; boundary=b'
  const DISPOSITION = 'Content-Disposition: form-data'

  test.each([
    ['deep arrays', 'application/json', `{"a":${'['.repeat(LIMIT / 2 - 8)}${']'.repeat(LIMIT / 2 - 8)}}`],
    ['deep objects', 'application/json', `${'{"a":'.repeat(LIMIT / 6)}1${'}'.repeat(LIMIT / 6)}`],
    ['many members', 'application/json', `{${numbered((at) => `"p${at}":""`, ',')}}`],
    ['many pairs', FORM, numbered((at) => `p${at}=`, '&')],
    ['only separators', FORM, '&'.repeat(LIMIT)],
    ['a long scope', FORM, `scope=${'%20'.repeat(LIMIT / 3)}`],
    ['deep elements', 'application/xml', `<t>${'<a>'.repeat(LIMIT / 3)}`],
    ['many references', 'application/xml', `<t><a>${'&amp;'.repeat(LIMIT / 5)}</a></t>`],
    ['many attributes', 'application/xml', `<t ${numbered((at) => `a${at}=""`, ' ')}/>`],
    ['many delimiters', MULTIPART, '\r\n--b'.repeat(LIMIT / 5)],
    ['many headers', MULTIPART, `--b\r\n${'X: y\r\n'.repeat(LIMIT / 6)}\r\n`],
    ['many header parameters', MULTIPART, `--b\r\n${DISPOSITION}${'; '.repeat(LIMIT / 2)}\r\n\r\n\r\n--b--`],
    ['a header of blanks', MULTIPART, `--b\r\n${DISPOSITION}${' '.repeat(LIMIT)}\r\n\r\n\r\n--b--`],
    ['a type of many parameters', `multipart/form-data${'; '.repeat(8000)}`, 'x'],
    ['a type of blanks', `multipart/form-data;${' '.repeat(16_000)}x`, 'x'],
  ])('%s are done with at once', async (_, contentType, body) => {
    const startedAt = performance.now()
    await decode(contentType, body).catch((thrown: unknown) => expect(thrown).toBeInstanceOf(OAuthError))
    expect(performance.now() - startedAt).toBeLessThan(250)
  })

  /** What the readers look for, separated by spaces: the generator puts them together at random. */
  const PIECES = [
    'grant_type client_id client_secret password refresh_token scope token __proto__',
    '= & % %41 %FF %00 + [ ] [] { } " : , null 1 \\ud800',
    '<t> </t> <a> </a> <a/> <! <![CDATA[ ]]> <? ?> &amp; &#0; &x;',
    '\0 \ud800 😀 -- --b --b-- \r\n--b name="a"',
  ].flatMap((line) => line.split(' '))

  test('whatever it is, nothing but an OAuthError is thrown, at any endpoint', async () => {
    const piece = fc.constantFrom(
      ...PIECES,
      ' ',
      '\n',
      '\r\n',
      '\r\n\r\n',
      'Content-Disposition: form-data; name="a"',
    )
    const mess = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''))
    const pairs = fc.array(
      fc.tuple(
        fc.constantFrom(
          'grant_type',
          'client_id',
          'client_secret',
          'refresh_token',
          'token',
          'scope',
          'scope[]',
        ),
        fc.oneof(fc.constantFrom('a', 'password', 'refresh_token', ''), fc.string()),
      ),
    )
    const anything = fc.oneof(fc.string({ unit: 'binary' }), mess)
    const as = (type: string, ...bodies: fc.Arbitrary<string>[]) =>
      fc.tuple(fc.constant<string | null>(type), fc.oneof(anything, ...bodies))
    const typedBody = fc.oneof(
      as(
        'application/x-www-form-urlencoded',
        pairs.map((all) => new URLSearchParams(all).toString()),
      ),
      as(
        'application/json',
        fc.json(),
        pairs.map((all) => JSON.stringify(Object.fromEntries(all))),
      ),
      as(
        'application/xml',
        mess.map((text) => `<t><a>${text}</a></t>`),
        fc.constant('<t><a><b/></a></t>'),
      ),
      as(
        'multipart/form-data; boundary=b',
        mess.map((text) => `--b\r\n${text}\r\n--b--`),
      ),
      fc.tuple(fc.option(fc.string()), anything),
    )
    const authorization = fc.oneof(
      fc.constantFrom(null, 'Basic', 'Basic ***', 'Bearer', 'Bearer x', 'Basic YTpi', 'Basic Og=='),
      fc.string({ unit: 'binary' }),
      fc.base64String().map((text) => `Basic ${text}`),
    )
    const outcomes = new Set<string>()
    await fc.assert(
      fc.asyncProperty(typedBody, authorization, async ([type, body], credentials) => {
        const headers = { get: (name: string) => (name === 'content-type' ? type : credentials) }
        for (const route of spree.routes) {
          if (!('decode' in route)) continue
          try {
            await route.decode({ headers, body })
            outcomes.add('decoded')
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(OAuthError)
            outcomes.add((thrown as OAuthError).reason)
          }
        }
      }),
      { numRuns: 3000 },
    )
    // The property is worth something only if the inputs reach far.
    expect([...outcomes]).toEqual(
      expect.arrayContaining([
        'decoded',
        'broken_json',
        'broken_percent_encoding',
        'broken_xml',
        'xml_nested_elements',
        'multipart_without_end',
        'multipart_part_without_headers',
        'two_client_authentications',
        'no_authorization',
      ]),
    )
  })
})
